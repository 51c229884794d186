/** What a benchmark is: a file that exports a name and `run`. This one lists them, and puts their tables on the page. */
import { markdownTable } from '../live/page.mjs';
import * as causes from './causes.mjs';
import * as github from './github.mjs';
import * as good from './good.mjs';
import * as rollout from './rollout.mjs';
import * as proveFirst from './prove-first.mjs';
import * as requests from './requests.mjs';
import * as startup from './startup.mjs';
import * as workloads from './workloads.mjs';
import * as hollow from './hollow.mjs';
import * as masking from './masking.mjs';
import * as pullRequest from './pull-request.mjs';
import * as data from './data.mjs';
import * as dataRestore from './data-restore.mjs';
import * as dataRedis from './data-redis.mjs';

/**
 * @typedef {object} Context
 * @property {import('../live/sandbox.mjs').SandboxEnvironment} env
 * @property {number} runs how often each measurement is repeated; figures are medians
 */

/**
 * @typedef {object} Table
 * @property {string} title
 * @property {string} about
 * @property {readonly string[]} head
 * @property {readonly (readonly string[])[]} rows
 * @property {readonly string[]} notes
 */

/** @typedef {{ name: string, needsSandbox: boolean, run: (context: Context) => Promise<Table> }} Benchmark */

/** @type {readonly Benchmark[]} */
export const benchmarks = [startup, masking, github, good, rollout, causes, proveFirst, workloads, hollow, requests, pullRequest, data, dataRestore, dataRedis];

/** @param {Table} table */
export const markdown = ({ title, about, head, rows, notes }) => [`## ${title}`, '', about, '', markdownTable(head, rows), '', ...notes].join('\n');
