import { defineConfig } from 'oxlint';
import { TOUCH_THE_WORLD } from './lint/layers.ts';

const HANDED = 'Take it from the context; only main.ts reads the process, the clock and chance.';

/** What is wrong anywhere, then what src promises on top: its layers, its owners, and a world that is handed in. */
export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'react', 'vitest'],
  jsPlugins: ['./lint/plugin.js'],
  options: { typeAware: true, denyWarnings: true },
  ignorePatterns: ['dist', '.set-up', 'coverage'],
  categories: { correctness: 'error' },
  rules: {
    eqeqeq: 'error',
    'no-console': 'error',
    'no-constant-condition': ['error', { checkLoops: false }],
    'no-param-reassign': 'error',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    'no-var': 'error',
    'prefer-const': 'error',
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
    // openid-client marks these two so that they are noticed; auth/oidc.ts says why it uses them.
    'typescript/no-deprecated': [
      'error',
      {
        allow: [
          { from: 'package', package: 'openid-client', name: ['allowInsecureRequests', 'skipSubjectCheck'] },
        ],
      },
    ],
    'typescript/no-explicit-any': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/return-await': ['error', 'in-try-catch'],
    // A default says that the rest is meant; without one every case of a union must be there.
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'react/exhaustive-deps': 'error',
    'react/rules-of-hooks': 'error',
    'vitest/expect-expect': [
      'error',
      { assertFunctionNames: ['expect', 'expect*', 'assert*', 'fc.assert', '**.waitFor'] },
    ],
    // The second argument says which of several values it was.
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    'vitest/no-disabled-tests': 'error',
    'vitest/no-focused-tests': 'error',
    // Not faults here: our objects are records of closures without `this`, text is cut by code point on purpose,
    // what cleans text has to name control characters, and a copy is sometimes what is meant.
    'no-control-regex': 'off',
    'no-misleading-character-class': 'off',
    'typescript/no-misused-spread': 'off',
    'typescript/unbound-method': 'off',
    'unicorn/no-useless-spread': 'off',
    'vitest/require-mock-type-parameters': 'off',
  },
  overrides: [
    {
      files: ['src/**'],
      rules: {
        'mira/layers': 'error',
        'mira/owners': 'error',
        'mira/world': 'error',
        'no-restricted-globals': ['error', { name: 'process', message: HANDED }],
        'no-restricted-properties': [
          'error',
          { object: 'Date', property: 'now', message: HANDED },
          { object: 'performance', property: 'now', message: HANDED },
          { object: 'Math', property: 'random', message: HANDED },
        ],
      },
    },
    {
      files: TOUCH_THE_WORLD.map((file) => `src/${file}`),
      rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
    },
    // What a tool loads by its default export.
    { files: ['*.config.ts', 'lint/plugin.js'], rules: { 'import/no-default-export': 'off' } },
    // Read by every Node there is: ES5, CommonJS.
    {
      files: ['bin/mira.js'],
      rules: { 'no-var': 'off', 'no-unused-vars': ['error', { caughtErrors: 'none' }] },
    },
    // What runs before or beside mira has nobody to hand it a console.
    { files: ['bench/**', 'scripts/**'], rules: { 'no-console': 'off' } },
  ],
});
