/** The mock's variables; each has a flag of the same name without `LLMMOCK_` (`LLMMOCK_CHUNK_DELAY` is `--chunk-delay`). */
import { defineConfig, listOf, port, setting, text, wholeNumber } from '@parley/service';
import { z } from 'zod';
import { type Control, controlSchema } from './control';
import { type Distribution, distributionSchema } from './distribution';
import { DEFAULT_MODELS } from './model-list';

const PREFIX = 'LLMMOCK_';

function json<T>(schema: z.ZodType<T>, description: string): z.ZodType<T> {
  return z
    .string()
    .transform((value, context): unknown => {
      try {
        return JSON.parse(value);
      } catch {
        context.addIssue({ code: 'custom', message: 'not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema)
    .describe(description);
}

const distribution = (): z.ZodType<Distribution> =>
  json(
    distributionSchema,
    'milliseconds, or JSON: {"fixed":ms}, {"uniform":[ms,ms]}, {"exponential":mean}, {"lognormal":{"median":ms,"sigma":n}}, {"pareto":{"min":ms,"shape":n}}',
  );

const control = (): z.ZodType<Control> =>
  json(controlSchema as z.ZodType<Control>, 'a control block as JSON; docs/llmmock.md lists its fields');

export const llmmockConfig = defineConfig({
  LLMMOCK_HOST: setting({
    schema: text(),
    default: '127.0.0.1',
    unit: 'address',
    reason: 'The address the mock listens on',
  }),
  LLMMOCK_PORT: setting({
    schema: port(),
    default: 8089,
    unit: 'port',
    reason: 'The port the mock listens on',
  }),
  LLMMOCK_API_KEY: setting({
    schema: text(),
    default: undefined,
    unit: 'text',
    reason: 'When set, the mock refuses every other API key; else it takes any',
    isSecret: true,
  }),
  LLMMOCK_SEED: setting({
    schema: text(),
    default: 'llmmock',
    unit: 'text',
    reason: 'Repeats what is random in a run',
  }),
  LLMMOCK_FIRST_BYTE: setting({
    schema: distribution(),
    default: 0,
    unit: 'ms',
    reason: 'Time until the first byte of an answer',
  }),
  LLMMOCK_CHUNK_DELAY: setting({
    schema: distribution(),
    default: 30,
    unit: 'ms',
    reason: 'Time between two chunks of an answer; the default looks like a model that types',
  }),
  LLMMOCK_CHUNK_COUNT: setting({
    schema: wholeNumber({ min: 1, max: 100_000 }),
    default: undefined,
    unit: 'chunks',
    reason: 'Chunks an answer is cut into (20 when neither this nor the chunk size is set)',
  }),
  LLMMOCK_CHUNK_SIZE: setting({
    schema: wholeNumber({ min: 1, max: 1_000_000 }),
    default: undefined,
    unit: 'characters',
    reason: 'Length of a chunk; with a chunk count too, answers are generated text of count times size',
  }),
  LLMMOCK_REPLY: setting({
    schema: text(),
    default: undefined,
    unit: 'text',
    reason: 'The answer to everything',
  }),
  LLMMOCK_CONTROL: setting({
    schema: control(),
    default: undefined,
    unit: 'JSON',
    reason: 'Any other knob for every request, faults with a probability for instance',
  }),
  LLMMOCK_MODELS: setting({
    schema: listOf(text()),
    default: [...DEFAULT_MODELS],
    unit: 'names',
    reason: 'Models that GET /v1/models lists; requests may name any model',
  }),
  LLMMOCK_MAX_BODY_BYTES: setting({
    schema: wholeNumber({ min: 1024, max: 1_073_741_824 }),
    default: 33_554_432,
    unit: 'bytes',
    reason: 'Largest request; larger ones get 413',
  }),
  LLMMOCK_LEDGER_ENTRIES: setting({
    schema: wholeNumber({ min: 1, max: 10_000_000 }),
    default: 50_000,
    unit: 'requests',
    reason: 'Requests the ledger remembers',
  }),
  LLMMOCK_LEDGER_BYTES: setting({
    schema: wholeNumber({ min: 1024, max: 4_294_967_296 }),
    default: 67_108_864,
    unit: 'bytes',
    reason: 'Memory the ledger may use',
  }),
});

/** `LLMMOCK_CHUNK_DELAY` → `--chunk-delay`. */
export function flagOf(variable: string): string {
  return `--${variable.slice(PREFIX.length).toLowerCase().replaceAll('_', '-')}`;
}
