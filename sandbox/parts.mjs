// All parts, in the order in which people read them.
import { buildkitd } from './builder.mjs';
import { containerd } from './containers.mjs';
import { controlPlane } from './control-plane.mjs';
import { dockerd } from './docker.mjs';
import { nodeParts } from './node.mjs';
import { registries } from './registry.mjs';

/** @type {import('./part.mjs').Part[]} */
export const parts = [...controlPlane, ...nodeParts, containerd, buildkitd, ...registries, dockerd];

/** @param {string} name */
export function partNamed(name) {
  const part = parts.find((candidate) => candidate.name === name);
  if (!part) throw new Error(`There is no part ${name}; the parts are: ${parts.map((each) => each.name).join(', ')}.`);
  return part;
}
