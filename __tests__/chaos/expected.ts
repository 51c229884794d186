import type { ApiTrouble } from './fault.js';
import type { Case } from './plan.js';
import { releases } from './release.js';

/** How a run may end. The oracle decides besides whether it is true. */
export interface Allowed {
  readonly verdicts: readonly string[];
  /** Of verdicts that are no success; empty: any. */
  readonly causes: readonly string[];
}

/** @param hit whether the fault came before the run was over */
export function allowed({ release, fault }: Case, hit: boolean): Allowed {
  const own: Allowed = releases[release];
  const or = (verdicts: readonly string[], causes: readonly string[]): Allowed =>
    ({ verdicts: [...own.verdicts, ...verdicts], causes: [...own.causes, ...causes] });
  if (!hit) return own;
  switch (fault.type) {
    case 'none': case 'another run': case 'clock': return own;
    // Nothing could be known beforehand, and the nodes found the same.
    case 'registry': return own.verdicts.includes('failed') && own.causes.some((cause) => cause.startsWith('image-')) ? or(['rolled-back'], []) : own;
    case 'cancel': case 'SIGTERM': case 'SIGINT twice': return or(['failed', 'rolled-back'], ['cancelled']);
    case 'kill': case 'runner gone': return or(['failed', 'rolled-back', 'nothing'], ['cancelled']);
    // A moment of it is nothing; what lasts may end a run, and then that is said.
    case 'api': return inTrouble(fault.trouble, /^change\+(\d{4,})ms$|^wave|^rolledOut|^undo/.test(fault.moment.name), own, or);
    case 'other':
      switch (fault.change) {
        case 'other image': case 'delete': return { verdicts: ['failed', 'rollback-failed'], causes: [...own.causes, 'superseded'] };
        case 'Service turned away': return { verdicts: ['failed', 'rollback-failed'], causes: ['wrong-version-serving', 'smoke-failed', 'superseded'] };
        case 'restart': return or(['rolled-back'], ['superseded']);
        case 'pause': return or(['failed', 'rolled-back', 'rollback-failed'], ['superseded', 'deadline', 'not-ready']);
        default: return own;
      }
  }
}

/**
 * What lasts may end a run, and then that is said: before the change. After it the API server is waited for, and only a
 * request that is never answered may still end it.
 */
function inTrouble(trouble: ApiTrouble, changed: boolean, own: Allowed, or: (verdicts: readonly string[], causes: readonly string[]) => Allowed): Allowed {
  switch (trouble) {
    case 'no answers': return or(['failed', 'rolled-back', 'rollback-failed'], ['api-unreachable']);
    case 'outage': case 'web page': case '500': return changed ? own : or(['failed'], ['api-unreachable']);
    // A change that is refused is refused.
    case '401': case '403': return changed ? own : or(['failed', 'rolled-back'], ['permission-denied']);
    default: return own;
  }
}
