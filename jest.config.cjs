/** One jest run for the whole workspace: on two cores that is faster than one per project. */
module.exports = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@parley/source', 'node', 'require', 'default'] },
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/migrations', '<rootDir>/tools'],
  testMatch: ['**/*.spec.ts'],
  modulePathIgnorePatterns: ['/dist/'],
  transform: { '\\.[cm]?[tj]s$': '<rootDir>/tools/jest/transformer.cjs' },
  transformIgnorePatterns: [],
  resolver: '<rootDir>/tools/jest/resolver.cjs',
  setupFiles: ['<rootDir>/tools/jest/setup.cjs'],
  globalSetup: '<rootDir>/tools/jest/global-setup.ts',
  globalTeardown: '<rootDir>/tools/jest/global-teardown.ts',
  maxWorkers: 2,
  testTimeout: 60_000,
  coverageProvider: 'v8',
};
