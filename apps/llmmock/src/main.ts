/** The mock as a process: flags win over variables, both are checked before it listens. */
import { camelCaseOf, type ConfigOf, loadConfig, runService, type ServiceContext } from '@parley/service';
import { Command, InvalidArgumentError } from 'commander';
import { LlmMock } from './llm-mock';
import { flagOf, llmmockConfig } from './settings';

type Settings = ConfigOf<typeof llmmockConfig>;

/** The settings given as flags, checked by the same schemas as the variables. */
function parseFlags(): Partial<Settings> {
  const command = new Command('llmmock').description(
    'Fakes the OpenAI Responses, OpenAI Chat Completions and Anthropic Messages APIs.',
  );
  const keys = new Map<string, string>();
  for (const [variable, entry] of Object.entries(llmmockConfig)) {
    const flag = flagOf(variable);
    const parse = (raw: string): unknown => {
      const result = entry.schema.safeParse(raw);
      if (!result.success)
        throw new InvalidArgumentError(`Give ${entry.schema.description ?? 'another value'}.`);
      return result.data;
    };
    const shown =
      entry.default === undefined || entry.isSecret ? '' : `; default ${JSON.stringify(entry.default)}`;
    command.option(`${flag} <value>`, `${entry.reason} (${variable}${shown})`, parse);
    keys.set(camelCaseOf(flag.slice(2).replaceAll('-', '_')), camelCaseOf(variable));
  }
  const given: Record<string, unknown> = command.parse().opts();
  return Object.fromEntries(Object.entries(given).map(([flag, value]) => [keys.get(flag) ?? flag, value]));
}

async function start(flags: Partial<Settings>, { logger, onStop }: ServiceContext): Promise<void> {
  const settings = { ...loadConfig(llmmockConfig, { warn: (message) => logger.warn(message) }), ...flags };
  const mock = new LlmMock();
  onStop('llmmock', () => mock.stop());
  const { url } = await mock.start({
    host: settings.llmmockHost,
    port: settings.llmmockPort,
    apiKey: settings.llmmockApiKey,
    seed: settings.llmmockSeed,
    models: settings.llmmockModels,
    maxBodyBytes: settings.llmmockMaxBodyBytes,
    ledgerMaxEntries: settings.llmmockLedgerEntries,
    ledgerMaxBytes: settings.llmmockLedgerBytes,
    collectProcessMetrics: true,
    defaults: {
      first_byte_ms: settings.llmmockFirstByte,
      chunk_ms: settings.llmmockChunkDelay,
      ...(settings.llmmockChunkCount === undefined ? {} : { chunk_count: settings.llmmockChunkCount }),
      ...(settings.llmmockChunkSize === undefined ? {} : { chunk_size: settings.llmmockChunkSize }),
      ...(settings.llmmockReply === undefined ? {} : { reply: settings.llmmockReply }),
      ...settings.llmmockControl,
    },
  });
  logger.info({ url }, 'Fakes the three model APIs');
}

const flags = parseFlags();
void runService({ name: 'llmmock', start: (context) => start(flags, context), stopTimeoutMs: 5000 });
