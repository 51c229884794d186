import { describe, expect, it } from '@jest/globals';
import { shortenText } from '../../../src/report/terminal/shorten.js';

const [commit, digest] = ['5e94acd'.padEnd(40, '0'), `sha256:${'0123456'.padEnd(64, '9')}`];

describe('a reference', () => {
  it.each([
    [`ghcr.io/acme/api:${commit}@${digest}`, 'api:5e94acd@0123456'],
    [`127.0.0.1:15000/acme/api@${digest}`, 'api@0123456'],
    [`$ kubectl set image deployment/api app=ghcr.io/acme/api:${commit}@${digest}`, '$ kubectl set image deployment/api app=api:5e94acd@0123456'],
    [`api:${commit}-dirty-0a1b2c3@${digest}, and more`, 'api:5e94acd-dirty-0a1b2c3@0123456, and more'],
    [`ghcr.io/acme/api:${commit} already exists (${digest}): it is reused`, 'ghcr.io/acme/api:5e94acd already exists (sha256:0123456): it is reused'],
    [`commit ${commit}`, 'commit 5e94acd'],
    [`https://ghcr.io/v2/api/manifests/${digest} returned 404`, 'https://ghcr.io/v2/api/manifests/sha256:0123456 returned 404'],
    [`set \`tags\` to \`${commit},latest\` instead of ${commit}`, `set \`tags\` to \`${commit},latest\` instead of 5e94acd`],
    ['deployment/api  1/3 ready', 'deployment/api  1/3 ready'],
    ['/var/lib/0123456789', '/var/lib/0123456789'],
  ])('%s is shown as %s', (text, short) => expect(shortenText(text)).toBe(short));
});
