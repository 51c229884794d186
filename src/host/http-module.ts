import type { request } from 'node:http';

/**
 * Node's client for a URL of `http:` or `https:`. Loaded at the first request, as most runs make none before their first
 * stage: on Node 24, `node:https` alone costs 9 ms of processor time, 40 % of what bare Node needs to start.
 */
export const clientFor = ({ protocol }: URL): { readonly request: typeof request } =>
  (protocol === 'https:' ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http'));
