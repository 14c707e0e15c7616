/** The variables of gitsync. */
import {
  defineConfig,
  deploymentSettings,
  observabilitySettings,
  port,
  setting,
  text,
} from '@parley/service';
import { z } from 'zod';
import {
  DEFAULT_GIT_PROVIDERS,
  gitProviderSettings,
  type GitProviderSettings,
} from './provider/git-providers';

const MAX_PROVIDERS = 20;

const gitProviders = z
  .string()
  .transform((value, context): unknown => {
    try {
      return JSON.parse(value);
    } catch {
      context.addIssue({ code: 'custom', message: 'is not JSON' });
      return z.NEVER;
    }
  })
  .pipe(z.array(gitProviderSettings).min(1).max(MAX_PROVIDERS))
  .describe(
    'a JSON list of objects with type ("github"), origin, and optionally api_url, client_id, client_secret',
  );

/** What it needs wherever it runs. */
export const gitsyncWorkerConfig = defineConfig({
  GIT_PROVIDERS: setting<readonly GitProviderSettings[]>({
    schema: gitProviders,
    default: DEFAULT_GIT_PROVIDERS,
    unit: 'JSON',
    reason:
      'The git hosts whose pull requests are followed; the client of each exchanges expiring tokens. Default: github.com without a client',
    isSecret: true,
  }),
  PARLEY_ENCRYPTION_KEY: setting({
    schema: text(),
    example: 'the output of: openssl rand -base64 32',
    unit: 'base64',
    reason: 'Opens the stored tokens of linked accounts; several separated by commas, the first one seals',
    isSecret: true,
  }),
});

/** What the process of its own needs beside that. */
export const gitsyncConfig = defineConfig({
  ...gitsyncWorkerConfig,
  DATABASE_URL: deploymentSettings.DATABASE_URL,
  DATABASE_POOL_SIZE: deploymentSettings.DATABASE_POOL_SIZE,
  NATS_URL: deploymentSettings.NATS_URL,
  BUS_VALIDATION: deploymentSettings.BUS_VALIDATION,
  LOG_LEVEL: deploymentSettings.LOG_LEVEL,
  ...observabilitySettings,
  METRICS_TOKEN: deploymentSettings.METRICS_TOKEN,
  HOST: setting({
    schema: text(),
    default: '0.0.0.0',
    unit: 'address',
    reason: 'The address the service listens on',
  }),
  PORT: setting({
    schema: port(),
    default: 3004,
    unit: 'port',
    reason: 'The port of health and metrics',
  }),
});
