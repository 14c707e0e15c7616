/**
 * `.env.example` and `docs/configuration.md` from the schemas of all apps. A variable that several apps read in the same way is
 * shown once, with the apps that read it; one with another default or meaning per app is shown once for each.
 */
import type { ConfigSchema, Setting } from './define-config';

export interface DescribedApp {
  readonly app: string;
  readonly schema: ConfigSchema;
}

export interface ConfigDescription {
  /** The text of `.env.example`: every variable, commented out, with its default. */
  readonly envExample: string;
  /** The text of `docs/configuration.md`. */
  readonly markdown: string;
}

interface Entry {
  readonly variable: string;
  readonly apps: string[];
  readonly default: string;
  readonly value: string;
  readonly unit: string;
  readonly allowed: string;
  readonly reason: string;
  readonly isRequired: boolean;
}

const GENERATED = 'Generated from the configuration schemas of the apps; change those instead.';

export function describeConfiguration(apps: readonly DescribedApp[]): ConfigDescription {
  const entries = entriesOf(apps);
  return { envExample: envExampleOf(entries), markdown: markdownOf(entries) };
}

function entriesOf(apps: readonly DescribedApp[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const { app, schema } of apps) {
    for (const [variable, setting] of Object.entries(schema)) {
      const entry = entryOf(variable, setting);
      const key = JSON.stringify(entry);
      const known = entries.get(key) ?? entry;
      known.apps.push(app);
      entries.set(key, known);
    }
  }
  return [...entries.values()].toSorted(
    (a, b) => compare(a.variable, b.variable) || compare(a.apps.join(), b.apps.join()),
  );
}

function entryOf(variable: string, setting: Setting<unknown>): Entry {
  const value = setting.default === undefined ? '' : textOf(setting.default);
  return {
    variable,
    apps: [],
    default: setting.isRequired ? 'required' : setting.isSecret && value !== '' ? '(secret)' : value,
    value: setting.isSecret ? (setting.example ?? '') : (setting.example ?? value),
    unit: setting.unit,
    allowed: setting.schema.description ?? '',
    reason: setting.reason,
    isRequired: setting.isRequired,
  };
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',');
  if (Buffer.isBuffer(value)) return value.toString('base64');
  return String(value);
}

function envExampleOf(entries: readonly Entry[]): string {
  const blocks = entries.map((entry) =>
    [
      `# ${entry.reason}`,
      `# ${entry.allowed} (${entry.unit}). Read by ${entry.apps.join(', ')}.${entry.isRequired ? ' Required.' : ''}`,
      `${entry.isRequired ? '' : '#'}${entry.variable}=${entry.value}`,
    ].join('\n'),
  );
  return `# ${GENERATED}\n\n${blocks.join('\n\n')}\n`;
}

function markdownOf(entries: readonly Entry[]): string {
  const rows = entries.map(
    (entry) =>
      `| \`${entry.variable}\` | ${entry.apps.join(', ')} | ${entry.default === '' ? '–' : cell(code(entry.default))} ` +
      `| ${cell(entry.unit)} | ${cell(entry.allowed)} | ${cell(entry.reason)} |`,
  );
  return [
    '# Configuration',
    '',
    `${GENERATED} All values come from environment variables, are read once at the start, and a bad one stops the start.`,
    '',
    '| variable | read by | default | unit | allowed | why |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function code(value: string): string {
  return value === 'required' || value === '(secret)' ? value : `\`${value}\``;
}

function cell(value: string): string {
  return value.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
