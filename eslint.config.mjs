import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** The drivers stay inside their adapters, Nest inside the apps and libs/service. */
const drivers = [
  { packages: ['pg', 'typeorm', 'typeorm/*'], only: ['libs/database/**', 'migrations/**'] },
  { packages: ['@nats-io/*'], only: ['libs/bus/**'] },
  { packages: ['ioredis'], only: ['libs/key-value/**'] },
  { packages: ['@nestjs/*'], only: ['libs/service/**', 'apps/**'] },
  // The scaletest measures the official SDK itself, as the floor. Its folder comes after `apps/**`: the last match counts.
  {
    packages: ['openai', 'openai/*', '@anthropic-ai/*'],
    only: ['libs/llm/**', 'apps/scaletest/src/floor/**'],
  },
];

function restrictedImports(banned) {
  const patterns = banned.map(({ packages, only }) => ({
    group: packages,
    message: `Only ${only.join(' and ')} may import this.`,
  }));
  return { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] };
}

/** Only libs/chat-state writes chats, their messages and the journal of tool calls; its `sole-writer.spec.ts` searches all sources for it too. */
const chatWrites = String.raw`/\b(insert\s+into|update|delete\s+from|merge\s+into|truncate(\s+table)?)\s+(only\s+)?"?(chats|chat_messages|chat_tool_calls)"?(?!\w)/i`;
const soleWriter = ['TemplateElement[value.raw=', 'Literal[value='].map((node) => ({
  selector: `${node}${chatWrites}]`,
  message: 'Only libs/chat-state writes chats and their messages: use its transitions.',
}));

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
                'layer:composition',
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
              onlyDependOnLibsWithTags: [
                'layer:domain',
                'layer:migrations',
                'layer:adapter',
                'layer:contracts',
              ],
            },
          ],
        },
      ],
    },
  },
  { files: ['**/*.ts'], rules: restrictedImports(drivers) },
  ...[...new Set(drivers.flatMap((driver) => driver.only))].map((zone) => ({
    files: [zone],
    rules: restrictedImports(drivers.filter((driver) => !driver.only.includes(zone))),
  })),
  {
    files: ['**/*.ts'],
    ignores: ['libs/chat-state/**', 'migrations/**', '**/*.spec.ts', 'tools/bench/**', '**/testing/**'],
    rules: { 'no-restricted-syntax': ['error', ...soleWriter] },
  },
  { files: ['**/*.spec.ts'], rules: { '@typescript-eslint/no-restricted-imports': 'off' } },
  // Its one variable, read before any service starts and without libs/service.
  { files: ['migrations/src/main.ts'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['**/*.mjs', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
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
