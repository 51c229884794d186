/** Tests run from TypeScript through swc; types are checked by `tsc --noEmit` in `npm run lint`. */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
};

export default {
  // What takes milliseconds may take seconds beside other work; a test that hangs is still ended.
  testTimeout: 60_000,
  testSequencer: '<rootDir>/scripts/longest-first.mjs',
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/__tests__/**/*.test.ts'], testPathIgnorePatterns: ['/node_modules/', '/__tests__/e2e/'] },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/__tests__/e2e/**/*.test.ts'] },
  ],
};
