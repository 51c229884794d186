import eslint from '@eslint/js';
import nodePlugin from 'eslint-plugin-n';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

/**
 * Globals of Node.js that our scripts use without importing them.
 *
 * @type {Record<string, 'readonly'>}
 */
const nodeGlobals = Object.fromEntries(
  ['process', 'console', 'URL', 'Buffer', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'fetch', 'AbortController',
    'AbortSignal', 'TextDecoder', 'TextEncoder', 'performance', 'structuredClone', 'queueMicrotask', 'URLSearchParams'].map((name) => [name, 'readonly']),
);

export default tseslint.config(
  { ignores: ['dist/', 'tmp/', 'coverage/', 'node_modules/', 'examples/*/node_modules/', '**/*.go'] },
  eslint.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { n: nodePlugin, regexp },
    rules: {
      // What a version of Node that package.json allows does not have, or calls experimental.
      'n/no-unsupported-features/node-builtins': ['error', { allowExperimental: true }],
      // Expressions that take quadratic time or more for a text from outside, and those that can never match.
      'regexp/no-super-linear-backtracking': 'error',
      'regexp/no-contradiction-with-assertion': 'error',
      // Each `?.` and `??` counts as a branch, so the number is higher than it looks.
      'complexity': ['error', 25],
      'eqeqeq': 'error',
      'max-depth': ['error', 4],
      'max-len': ['error', { code: 160, ignoreUrls: true, ignoreTemplateLiterals: true, ignoreStrings: true, ignoreRegExpLiterals: true }],
      'max-lines': ['error', { max: 300, skipComments: true, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
      'max-params': ['error', 7],
      'no-implicit-coercion': 'error',
      'no-eval': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: true }],
      'semi': ['error', 'always'],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    languageOptions: { globals: nodeGlobals },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Of the rules that need types, those that find what no reader sees: a promise that nobody waits for.
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' }],
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Exports have names, so one word finds every use.' }],
    },
  },
  {
    // Texts from outside may be 64 KiB in one line: an expression that starts over at every character takes seconds for one.
    files: ['src/**/*.ts'],
    rules: { 'regexp/no-super-linear-move': 'error' },
  },
  {
    // A table of tests is as long as it must be.
    files: ['__tests__/**/*.ts'],
    rules: { 'max-lines': ['error', 500], 'max-lines-per-function': 'off' },
  },
);
