import { addPath, exportVariable } from '@actions/core';
import { extractTar } from '@actions/tool-cache';
import type { Toolbox } from '../ports/toolbox.js';

/** The tools of a job, as GitHub's own actions install them. */
export const runnerToolbox: Toolbox = {
  unpack: async (archive, folder) => { await extractTar(archive, folder); },
  addPath: (folder) => { addPath(folder); },
  setVariable: (name, value) => { exportVariable(name, value); },
};
