/**
 * npm run demo: the main job, on the real cluster of the sandbox. It sets up what it needs, then makes four releases of
 * examples/hello in a repository and a namespace of its own, with a load on the app all the while. Ends with 1 if a
 * verdict was not the expected one or a request was lost. `--keep` keeps the namespace and the repository.
 */
import process from 'node:process';
import { demo } from './demo/demo.mjs';
import { ensurePackages } from './setup.mjs';

try {
  ensurePackages();
  process.exitCode = await demo({ keep: process.argv.includes('--keep') });
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
