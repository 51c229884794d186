import type { Config } from '../../../src/config/config.js';
import { command } from '../../../src/target/command/target.js';
import { parseSmoke } from '../../../src/config/values/smoke.js';
import { describeTarget, type Place } from '../contract.js';
import { World } from './world.js';

const [before, after, others] = ['0', '1', '2'].map((digit) => `registry.example/api@sha256:${digit.repeat(64)}`) as [string, string, string];

/** A platform that prints what it runs by its digest. */
function platform(settings: Partial<Config> = {}): Place {
  const world = new World();
  world.platform.says = () => world.platform.traffic.reference;
  return {
    kind: command, before, after,
    start: () => {
      const dead = new AbortController();
      const run = world.run({ image: 'registry.example/api', ...settings }, {}, dead.signal);
      return { context: run, config: run.config, kill: () => dead.abort() };
    },
    look: () => world.platform.traffic,
    versions: () => [{ subject: 'api', part: '', version: world.platform.traffic.reference }],
    interfere: async () => void (await world.platform.deploy('c3', others)),
    spoil: () => void world.platform.broken.add(after),
    close: () => Promise.resolve(),
  };
}

const check = parseSmoke('https://api.acme.example/');

describeTarget('command', () => platform());
describeTarget('command, with a smoke check', () => platform(check.ok ? { smoke: [check.value] } : {}));
