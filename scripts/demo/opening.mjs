/** What the demo says before it does anything. The sandbox adds what its first start does. */
import { releases } from './releases.mjs';

/** @param {{ perSecond: number }} load @returns {string} */
export const opening = ({ perSecond }) => [
  `The demo starts a Kubernetes cluster on this machine (as root) and makes ${releases.length} releases of examples/hello, under ${perSecond} requests per second:`,
  ...releases.map(({ name, title, expected }) => `  ${name}  ${title}: ${expected.verdict}`),
  'It takes about a minute; the first time, several more for the cluster. Ctrl-C stops it at any time. To remove the cluster: npm run sandbox down',
].join('\n');
