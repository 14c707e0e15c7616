/**
 * Reads the environment once, in a main, into a frozen object. A value that does not fit stops the boot with one ConfigError
 * that names every offending variable. Empty values, and values with blanks around them, are refused everywhere: unset a
 * variable to get its default.
 */
import { env as processEnvironment } from 'node:process';
import { inspect } from 'node:util';
import { camelCaseOf, type ConfigOf, type ConfigSchema, type Setting } from './define-config';
import { ConfigError, type ConfigProblem } from './errors';

const OWN_PREFIX = 'PARLEY_';

export interface LoadConfigOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Told of each PARLEY_ variable that no schema knows: a misspelt name would otherwise be silent. */
  readonly warn?: (message: string) => void;
  /** Schemas of other parts that read the same environment. */
  readonly otherSchemas?: readonly ConfigSchema[];
}

/** Throws ConfigError. Secrets are readable as properties, but JSON and `inspect` show `(secret)`. */
export function loadConfig<Schema extends ConfigSchema>(
  schema: Schema,
  options: LoadConfigOptions = {},
): ConfigOf<Schema> {
  const env = options.env ?? processEnvironment;
  const problems: ConfigProblem[] = [];
  const values: Record<string, unknown> = {};
  const secrets = new Set<string>();
  for (const [variable, entry] of Object.entries(schema)) {
    const key = camelCaseOf(variable);
    const result = readOne(entry, env[variable]);
    if ('allowed' in result) problems.push({ variable, ...result });
    else values[key] = result.value;
    if (entry.isSecret) secrets.add(key);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  warnOfUnknown(env, [schema, ...(options.otherSchemas ?? [])], options.warn);
  return withHiddenSecrets(values, secrets) as ConfigOf<Schema>;
}

function readOne(
  entry: Setting<unknown>,
  raw: string | undefined,
): { value: unknown } | Omit<ConfigProblem, 'variable'> {
  const allowed = entry.schema.description ?? 'another value';
  if (raw === undefined) return entry.isRequired ? { was: '(not set)', allowed } : { value: entry.default };
  const result = raw.trim() === raw && raw !== '' ? entry.schema.safeParse(raw) : undefined;
  if (result?.success) return { value: result.data };
  return { was: entry.isSecret ? '(secret)' : JSON.stringify(raw), allowed };
}

function warnOfUnknown(
  env: Readonly<Record<string, string | undefined>>,
  schemas: readonly ConfigSchema[],
  warn: ((message: string) => void) | undefined,
): void {
  if (!warn) return;
  for (const name of Object.keys(env).toSorted()) {
    if (!name.startsWith(OWN_PREFIX) || schemas.some((schema) => name in schema)) continue;
    warn(`The environment variable ${name} is set, but nothing reads it`);
  }
}

function withHiddenSecrets(values: Record<string, unknown>, secrets: ReadonlySet<string>): object {
  const shown = (): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        secrets.has(key) && value !== undefined ? '(secret)' : value,
      ]),
    );
  const config = { ...values };
  Object.defineProperty(config, 'toJSON', { value: shown, enumerable: false });
  Object.defineProperty(config, inspect.custom, { value: shown, enumerable: false });
  return Object.freeze(config);
}
