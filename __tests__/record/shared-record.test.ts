import { describe, expect, it } from '@jest/globals';
import type { Ledger } from '../../src/record/ledger.js';
import { sharedRecord } from '../../src/record/repository.js';

const ledger: Ledger = {
  schema: 2, app: 'api', releases: [],
  run: {
    id: 'r', startedAt: '2026-01-01T00:00:00.000Z', phase: 'verified', marks: [], target: { kind: 'set-image', schema: 1, recorded: {} }, before: [],
    after: [{ subject: 'deployment/api', part: 'app', version: 'registry.example/shop/api:1' }], rollback: 'auto', checks: [], passedBefore: [],
  },
};

describe('the record of another repository', () => {
  const told = (image?: string, known: Ledger | undefined = ledger, namespace: string | undefined = 'web') => sharedRecord({ app: 'api', image }, { ledger: known, namespace });
  const apart = 'not to registry.example/billing/api. Apps with the same name share the record and the lock: set a different `app` for each.';

  it('is reported to the first deployment that finds it', () => {
    expect(told('registry.example/billing/api')).toEqual([`The record of api in namespace web belongs to registry.example/shop/api, ${apart}`]);
  });
  it('is in no namespace where the target has none', () => {
    expect(sharedRecord({ app: 'api', image: 'registry.example/billing/api' }, { ledger })).toEqual([`The record of api belongs to registry.example/shop/api, ${apart}`]);
  });
  it('is nothing to report to its own repository, nor where no image or no record is known', () => {
    expect([told('registry.example/shop/api'), told(), sharedRecord({ app: 'api', image: 'registry.example/billing/api' }, { ledger: undefined })]).toEqual([[], [], []]);
  });
});
