import { afterAll, describe, it } from '@jest/globals';
import { join } from 'node:path';
import { closeApi } from './harness/api.js';
import { root } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { namespace } from './harness/namespace.js';
import { startRecording } from './harness/record.js';
import { playChange, scenarios, startHealthy, type Scenario } from './harness/scenarios.js';

// Makes the recordings anew, in three minutes; see ../recordings/README.md. RECORD: names separated by commas; all if not set.
const wanted = process.env.RECORD?.split(',');
const chosen = scenarios.filter(({ name }) => wanted?.includes(name) ?? true);

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

describe('recordings', () => {
  it('are made', async () => {
    const queue = [...chosen];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) await record(next);
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  }, 1_200_000);
});
