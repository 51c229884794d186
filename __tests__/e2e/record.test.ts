import { afterAll, describe, it } from '@jest/globals';
import { join } from 'node:path';
import { closeApi } from './harness/api.js';
import { root } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { namespace } from './harness/namespace.js';
import { startRecording } from './harness/record.js';
import { playChange, scenarios, startHealthy, type Scenario } from './harness/scenarios.js';

// Makes the recordings anew; it is no test, and takes ten minutes. RECORD=all, or names separated by commas.
const wanted = process.env.RECORD ?? '';
const chosen = scenarios.filter(({ name }) => wanted === 'all' || wanted.split(',').includes(name));

async function record(scenario: Scenario): Promise<void> {
  const space = await namespace('record');
  try {
    await startHealthy(space, scenario);
    const recorder = await startRecording(space, scenario.name, scenario.description);
    await playChange(space, scenario, recorder.mark);
    recorder.stop();
    recorder.write(join(root, '__tests__/recordings', `${scenario.name}.jsonl`));
  } finally {
    await space.dispose();
  }
}

afterAll(() => {
  closeApi();
  closeImages();
});

(wanted ? describe : describe.skip)('recordings', () => {
  it('are made', async () => {
    const queue = [...chosen];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) await record(next);
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  }, 1_200_000);
});
