/** The command behind `npm start`: the whole of Parley in one process, on embedded parts. */
import { LlmMock } from '@parley/llmmock';
import {
  boundHeapGrowth,
  createLogger,
  loadConfig,
  runService,
  traceExporterOf,
  type ServiceContext,
} from '@parley/service';
import { Command } from 'commander';
import { answerSources } from './answer-sources';
import { localConfig } from './config';
import { DataDirectory } from './data-directory';
import { plainLog } from './plain-log';
import { provision } from './provision';
import { startStandalone } from './standalone';
import { welcomeJson, welcomeText } from './welcome';

/** Slow enough to be seen growing. */
const MOCK_CHUNK_DELAY_MS = 30;
const POOL_SIZE = 10;
/** Ctrl-C ends it within 5 s, whatever hangs. */
const STOP_TIMEOUT_MS = 4_500;

async function start(isJson: boolean, context: ServiceContext): Promise<void> {
  const config = loadConfig(localConfig, { warn: (message) => context.logger.warn(message) });
  const directory = await DataDirectory.open(config.parleyDataDir);
  const mock = new LlmMock();
  const { url: mockUrl } = await mock.start({ chunkDelayMs: MOCK_CHUNK_DELAY_MS });
  context.onStop('mock', () => mock.stop());
  const { url, work } = await startStandalone(
    {
      port: config.port,
      dataDirectory: directory.postgres,
      databaseUrl: config.databaseUrl,
      encryptionKey: await directory.encryptionKey(),
      poolSize: POOL_SIZE,
      tracing: { exporter: traceExporterOf(config), sample: config.parleyTraceSample },
      isDebuggable: config.debugEndpoints,
    },
    {
      ...context,
      logger: createLogger({ name: 'parley', level: config.logLevel, destination: plainLog }),
    },
  );
  const sources = answerSources(config, mockUrl);
  const provisioned = await provision(url, { directory, sources });
  // Not before: a turn of the last start would ask the mock where it was then.
  await work();
  const welcome = {
    ...provisioned,
    url,
    isMock: sources[0]?.name === 'mock',
  };
  console.log(isJson ? welcomeJson(welcome) : welcomeText(welcome));
}

const { json = false } = new Command('npm start --')
  .description('Parley in one process: the API, a worker, streams, a database of its own. Ctrl-C stops it.')
  .option('--json', 'print one line of JSON once it is ready, and nothing else')
  .parse()
  .opts<{ json?: boolean }>();

boundHeapGrowth();
void runService({
  name: 'parley',
  logger: createLogger({ name: 'parley', level: 'warn', destination: plainLog }),
  start: (context) => start(json, context),
  stopTimeoutMs: STOP_TIMEOUT_MS,
});
