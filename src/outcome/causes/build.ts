import type { CauseTable } from './entry.js';
import { settingText } from '../place-words.js';

/** Failures before anything is deployed: the test gate, the build, the push. */
export const build = {
  'test-failed': {
    observed: 'A command of the test gate exits with a code other than 0.',
    sentence: 'The tests failed.',
    hint: 'Fix the tests; nothing was built or changed.',
  },
  'build-failed': {
    observed: '`docker buildx build` exits with a code other than 0.',
    sentence: 'The image could not be built.',
    hint: 'Fix the error that the build reports, then run again.',
  },
  'platform-unsupported': {
    observed: 'The builder does not list a requested platform.',
    sentence: 'The builder cannot build for a requested platform.',
    get hint() { return `Set up QEMU or a builder for that platform, or remove the platform from ${settingText('platforms')}.`; },
  },
  'registry-denied': {
    observed: 'The registry returns 401 or 403.',
    sentence: 'The registry denied access.',
    get hint() { return `Check ${settingText('registry-username')} and ${settingText('registry-password')}, and that the account is allowed to write to this repository.`; },
  },
  'push-failed': {
    observed: 'The image was built, and the registry did not accept it.',
    sentence: 'The image could not be pushed.',
    hint: 'Check that the registry is up and has free space, then run again.',
  },
} as const satisfies CauseTable;
