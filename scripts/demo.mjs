/**
 * npm run demo: the main job, on the real cluster of the sandbox. It sets up what it needs, then makes four releases of
 * examples/hello in a repository and a namespace of its own, with a load on the app all the while. Ends with 1 if a
 * verdict was not the expected one or a request was lost. `--keep` keeps the namespace and the repository.
 *
 * It runs on a machine on which no npm package was ever installed: dist/ holds all that the action needs, and neither
 * the sandbox nor the demo has dependencies.
 */
import process from 'node:process';
import { demo } from './demo/demo.mjs';

try {
  process.exitCode = await demo({ keep: process.argv.includes('--keep') });
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
