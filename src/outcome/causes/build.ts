import type { CauseTable } from './entry.js';

/** What happens before the cluster is touched: the test gate, the build, the push. */
export const build = {
  'test-failed': {
    observed: 'A command of the test gate ends with a code other than 0.',
    sentence: 'The test gate is red.',
    hint: 'Mend the test; nothing was built or changed.',
  },
  'build-failed': {
    observed: '`docker buildx build` ends with a code other than 0.',
    sentence: 'The image could not be built.',
    hint: 'Read the failing step of the Dockerfile in the log above.',
  },
  'platform-unsupported': {
    observed: 'The builder does not list a platform that is asked for.',
    sentence: 'The builder cannot build for a platform that is asked for.',
    hint: 'Set up QEMU or a builder with that platform before this step, or leave the platform out of `platforms`.',
  },
  'registry-denied': {
    observed: 'The registry answers 401 or 403.',
    sentence: 'The registry refused the login.',
    hint: 'Check `registry-username`, `registry-password`, and that the account may write to this repository.',
  },
  'push-failed': {
    observed: 'The image was built and the registry did not take it.',
    sentence: 'The image could not be pushed.',
    hint: 'Check that the registry is up and has room; run again.',
  },
} as const satisfies CauseTable;
