import type { PolicyConfig } from '../config/config.js';
import { policyRuleNames, type PolicyLevel, type PolicyRuleName } from '../config/values/policy-rules.js';
import type { PolicyFinding, PolicyReport } from '../outcome/policy.js';
import { checkExceptions, excepted } from './exceptions.js';
import type { PolicyFacts } from './input.js';
import { pathText } from './objects/read.js';
import { workloadsIn } from './objects/workloads.js';
import type { Found } from './rule.js';
import { rules } from './rules.js';

/** Applies all rules that are on, with their levels and exceptions. Pure. */
export function review(settings: PolicyConfig, facts: PolicyFacts): PolicyReport {
  const { objects } = facts;
  const workloads = workloadsIn(objects);
  const isOn = (name: PolicyRuleName): boolean => settings.levels[name] !== 'off';
  const all = policyRuleNames.filter(isOn).flatMap((name) =>
    rules[name].check({ objects, workloads, settings, facts }).map((found) => findingOf(name, settings.levels[name], found)));
  const findings = distinct(all);
  const notes = facts.notes.filter(({ rule }) => isOn(rule));
  const complete = new Set(policyRuleNames.filter((name) => isOn(name) && !notes.some(({ rule }) => rule === name)));
  const ofExceptions = isOn('exceptions')
    ? checkExceptions(settings.allow, findings, complete, facts.now).map((found) => findingOf('exceptions', settings.levels.exceptions, found)) : [];
  const judged = [...findings.map((finding) => excepted(finding, settings.allow, facts.now)), ...ofExceptions];
  return { findings: order.flatMap((level) => judged.filter((finding) => finding.level === level)), notes: [...new Set(notes.map(({ text }) => text))].filter((text) => text !== '') };
}

const order = ['deny', 'warn', 'allowed'] as const;

function findingOf(rule: PolicyRuleName, level: PolicyLevel, { object, path, isUncertain, fix = rules[rule].fix, ...found }: Found): PolicyFinding {
  const origin = object?.origin;
  return {
    rule, level: level === 'deny' && !isUncertain ? 'deny' : 'warn', ...found, fix,
    ...path !== undefined && path.length > 0 && { path: pathText(path) },
    ...origin?.kind === 'file' && { place: { file: origin.file, line: origin.lineOf(path ?? []) } },
  };
}

/** Two workloads with the same ConfigMap have the same finding. */
function distinct(findings: readonly PolicyFinding[]): PolicyFinding[] {
  const seen = new Set<string>();
  return findings.filter(({ rule, subject, container, item, message }) => {
    const key = JSON.stringify([rule, subject, container, item, message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
