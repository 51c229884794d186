import type { Taker } from '../outcome/action.js';
import type { MapNode, Node } from './kit/node.js';
import { cluster } from './sections/cluster.js';
import { takenBy, type SettingName } from './settings.js';

/** A settings file as data. Every scalar is text. */
export interface Excerpt { readonly [key: string]: ExcerptValue }
type ExcerptValue = string | null | readonly ExcerptValue[] | Excerpt;

/**
 * What an action needs of a settings file, in one environment, where it runs inside the cluster: how that is reached is left out, and so
 * are names that only set the default of `app`.
 */
export function excerptOf(root: MapNode, action: Taker, environment: string | undefined): Excerpt {
  const leftOut = ['app', 'image', ...Object.keys(cluster.settings)];
  const wanted = takenBy(action).filter((name) => !leftOut.includes(name));
  const top = settingsIn(root, wanted);
  const environments = root.entries.find(({ key }) => key === 'environments')?.value;
  const chosen = environments?.type === 'map' ? environments.entries.find(({ key }) => key === environment) : undefined;
  return chosen === undefined ? top : { ...top, environments: { [chosen.key]: settingsIn(chosen.value, wanted) } };
}

const settingsIn = (node: Node, wanted: readonly SettingName[]): Excerpt =>
  (node.type === 'map' ? Object.fromEntries(node.entries.filter(({ key }) => wanted.some((name) => name === key)).map(({ key, value }) => [key, valueOf(value)])) : {});

function valueOf(node: Node): ExcerptValue {
  switch (node.type) {
    case 'text': return node.text;
    case 'nothing': return null;
    case 'list': return node.items.map(valueOf);
    case 'map': return Object.fromEntries(node.entries.map(({ key, value }) => [key, valueOf(value)]));
  }
}
