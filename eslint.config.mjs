import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', '.parley/**', '.cache/**', 'coverage/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Read configuration through the schema of the app (libs/service loadConfig).',
        },
      ],
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          depConstraints: [
            { sourceTag: 'layer:contracts', onlyDependOnLibsWithTags: ['layer:contracts'] },
            { sourceTag: 'layer:adapter', onlyDependOnLibsWithTags: ['layer:contracts'] },
            { sourceTag: 'layer:migrations', onlyDependOnLibsWithTags: ['layer:adapter'] },
            { sourceTag: 'layer:domain', onlyDependOnLibsWithTags: ['layer:adapter', 'layer:contracts'] },
            { sourceTag: 'layer:service', onlyDependOnLibsWithTags: ['layer:adapter', 'layer:contracts'] },
            {
              sourceTag: 'layer:app',
              onlyDependOnLibsWithTags: [
                'layer:domain',
                'layer:service',
                'layer:migrations',
                'layer:adapter',
                'layer:contracts',
              ],
            },
            {
              sourceTag: 'layer:composition',
              onlyDependOnLibsWithTags: [
                'layer:app',
                'layer:domain',
                'layer:service',
                'layer:migrations',
                'layer:adapter',
                'layer:contracts',
              ],
            },
            {
              sourceTag: 'layer:testing',
              onlyDependOnLibsWithTags: ['layer:domain', 'layer:adapter', 'layer:contracts'],
            },
          ],
        },
      ],
    },
  },
  { files: ['**/*.mjs', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['**/*.spec.ts', 'tools/**', '**/testing/**', 'libs/local-servers/**', 'libs/testing/**'],
    rules: {
      'no-restricted-properties': 'off',
      '@nx/enforce-module-boundaries': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  prettier,
);
