import type { PolicyRuleName } from '../config/values/policy-rules.js';
import type { Rule } from './rule.js';
import { certificates } from './rules/certificates.js';
import { commands } from './rules/commands.js';
import { connections } from './rules/connections.js';
import { debugInProduction } from './rules/debug-in-production.js';
import { deprecatedApis } from './rules/deprecated-apis.js';
import { egress } from './rules/egress.js';
import { env } from './rules/env.js';
import { environments } from './rules/environments.js';
import { exceptions } from './rules/exceptions.js';
import { mutableTags } from './rules/mutable-tags.js';
import { nonRoot } from './rules/non-root.js';
import { plainSecrets } from './rules/plain-secrets.js';
import { probes } from './rules/probes.js';
import { resources } from './rules/resources.js';

/** What each rule does. Its level and what it finds are in src/config/values/policy-rules.ts, because settings name it. */
export const rules: Readonly<Record<PolicyRuleName, Rule>> = {
  env, 'debug-in-production': debugInProduction, 'plain-secrets': plainSecrets, 'mutable-tags': mutableTags, probes, resources, 'non-root': nonRoot,
  'deprecated-apis': deprecatedApis, egress, certificates, connections, environments, commands, exceptions,
};
