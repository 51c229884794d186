/**
 * npm run demo: the main job, on the real cluster of the sandbox. It sets up what it needs, then makes four releases of
 * examples/hello in a repository and a namespace of its own, with a load on the app all the while. Ends with 1 if a
 * verdict was not the expected one or a request was lost. `--keep` keeps the namespace and the repository.
 */
import process from 'node:process';
import { ensurePackages } from './setup.mjs';

ensurePackages();
// Only now: nothing of what it loads may be there before.
const { demo } = await import('./demo/demo.mjs');
process.exitCode = await demo({ keep: process.argv.includes('--keep') });
