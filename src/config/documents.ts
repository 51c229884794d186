import type { Checked } from './kit/checked.js';
import { readKubeconfig } from './kubeconfig.js';
import { readSettingsText, type FileReading } from './settings-file.js';
import { holdsContent, type Kubeconfig } from './values/kubeconfig.js';

/** The YAML documents of a run, read before the rest, so a run without any does not load the parser. */
export interface Documents {
  /** The settings file at `path`; `reading` is undefined when there is no such file. */
  readonly file?: { readonly path: string; readonly reading?: FileReading };
  /** The content of the input `kubeconfig`; undefined when that is a path, or not given. */
  readonly kubeconfig?: Checked<Kubeconfig>;
}

/**
 * Reads the YAML documents of a run.
 * @param settings text of the settings file at `path`; undefined when there is no such file
 * @param kubeconfig the input as it was given
 */
export const readDocuments = (path: string, settings: string | undefined, kubeconfig: string | undefined): Documents => ({
  file: { path, reading: settings === undefined ? undefined : readSettingsText(path, settings) },
  kubeconfig: holdsContent(kubeconfig) ? readKubeconfig(kubeconfig) : undefined,
});
