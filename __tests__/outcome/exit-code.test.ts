import { describe, expect, it } from '@jest/globals';
import { exitCodeOf } from '../../src/outcome/exit-code.js';
import { deployed, rollbackFailed, rolledBack } from '../report/outcomes.js';

const wrong = { verdict: 'failed', failure: { cause: 'config-invalid', stage: 'config', message: '', hint: '', evidence: [] } } as const;

const denied = { ...wrong, failure: { ...wrong.failure, cause: 'registry-denied', stage: 'build' } } as const;

describe('the exit code', () => {
  it.each([
    ['a deployment', deployed, undefined, 0], ['a deployment that Ctrl-C came too late for', deployed, 'SIGINT', 0], ['a failure', denied, undefined, 1],
    ['a rollback', rolledBack, undefined, 1], ['wrong settings', wrong, undefined, 2], ['a rollback that failed', rollbackFailed, undefined, 3],
    ['Ctrl-C', rolledBack, 'SIGINT', 130], ['SIGTERM', rolledBack, 'SIGTERM', 143], ['a closed terminal', denied, 'SIGHUP', 129],
    ['Ctrl-C, and a rollback that failed', rollbackFailed, 'SIGINT', 3],
  ] as const)('of %s', (_, outcome, signal, code) => expect(exitCodeOf(outcome, signal)).toBe(code));
});
