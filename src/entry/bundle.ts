import type { ActionName } from '../outcome/action.js';

/*
 * Called by the thin entries in dist/. Most post steps only remove a folder, so only that code is always loaded; the main
 * step and the terminal load the rest.
 */

export { runPost } from './post.js';

export async function runMain(action: ActionName): Promise<void> {
  const main = await import('./main.js');
  await main.runMain(action);
}

/** The main step of `setup`. */
export async function runSetup(): Promise<void> {
  const setup = await import('./setup.js');
  await setup.runSetup();
}

/** The post step of `setup`. */
export async function runSetupPost(): Promise<void> {
  const setup = await import('./setup.js');
  await setup.runSetupPost();
}

/** @param folder of dist/ */
export async function runTerminal(folder: string): Promise<void> {
  const terminal = await import('./terminal.js');
  await terminal.runTerminal(folder);
}
