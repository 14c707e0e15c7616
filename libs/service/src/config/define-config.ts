/**
 * The configuration schema of an app: each variable with what it may hold, its default, its unit, and why it exists. From this
 * one place come the values (load-config.ts), the error messages, `.env.example` and `docs/configuration.md` (describe.ts).
 *
 * Keys are the names of the variables; the loaded object has them in camelCase: `CHAT_ACQUIRE_BATCH_SIZE` is
 * `config.chatAcquireBatchSize`.
 */
import type { z } from 'zod';

interface SettingText<T> {
  /** From the text of the variable to its value; see values.ts. Its description says what is allowed. */
  readonly schema: z.ZodType<T>;
  /** `ms`, `bytes`, `chats`, `URL`, … */
  readonly unit: string;
  readonly reason: string;
  /** Never printed: not in errors, not in logs, not in documentation. */
  readonly isSecret?: boolean;
}

export interface Setting<T> extends SettingText<unknown> {
  readonly isRequired: boolean;
  readonly default: T | undefined;
  readonly example: string | undefined;
}

/** With a default; `undefined` is one. */
export function setting<T>(entry: SettingText<T> & { readonly default: NoInfer<T> }): Setting<T>;
export function setting<T>(entry: SettingText<T> & { readonly default: undefined }): Setting<T | undefined>;
/** Without a default: the service does not start without it. The example shows an operator how it looks. */
export function setting<T>(entry: SettingText<T> & { readonly example: string }): Setting<T>;
export function setting<T>(
  entry: SettingText<T> & { readonly default?: T | undefined; readonly example?: string },
): Setting<T | undefined> {
  return { ...entry, isRequired: !('default' in entry), default: entry.default, example: entry.example };
}

export type ConfigSchema = Readonly<Record<string, Setting<unknown>>>;

type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${Lowercase<First>}${Capitalize<CamelCase<Rest>>}`
  : Lowercase<Name>;

/** The loaded form of a schema. */
export type ConfigOf<Schema extends ConfigSchema> = {
  readonly [Name in keyof Schema & string as CamelCase<Name>]: Schema[Name] extends Setting<infer T>
    ? T
    : never;
};

/** A schema, with the names of its variables checked. */
export function defineConfig<const Schema extends ConfigSchema>(schema: Schema): Schema {
  for (const name of Object.keys(schema)) {
    if (!/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(name)) throw new Error(`Not the name of a variable: ${name}`);
  }
  return Object.freeze(schema);
}

/** `CHAT_ACQUIRE_BATCH_SIZE` → `chatAcquireBatchSize`. */
export function camelCaseOf(name: string): string {
  return name.toLowerCase().replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}
