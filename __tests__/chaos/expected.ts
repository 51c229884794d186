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
    case 'api': return ['outage', 'web page', 'no answers'].includes(fault.trouble) ? or(['failed', 'rolled-back', 'rollback-failed'], ['api-unreachable']) : own;
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
