/** The chat worker as a process of its own. */
import { SecretBox } from '@parley/identity';
import { migrations } from '@parley/migrations';
import { openParts, runConfiguredService, type ConfigOf, type ServiceContext } from '@parley/service';
import { createChatWorkerApp } from './chat-worker-app';
import { chatWorkerConfig } from './config';

const NAME = 'chat-worker';
/** What handing over and closing the connections may take beyond the steps under way. */
const STOP_MARGIN_MS = 15_000;

async function start(config: ConfigOf<typeof chatWorkerConfig>, context: ServiceContext): Promise<void> {
  const { logger, onStop } = context;
  const secretBox = SecretBox.fromText(config.parleyEncryptionKey);
  const options = { name: NAME, migrations, config, tracing: config };
  const { database, bus, metrics, tracer } = await openParts(options, context);
  const own = { tracer, isDebuggable: config.debugEndpoints };
  const app = createChatWorkerApp({ database, bus, secretBox, logger, metrics, config, ...own });
  onStop('worker', () => app.stop());
  await app.start({ host: config.host, port: config.port });
}

void runConfiguredService({
  name: NAME,
  schema: chatWorkerConfig,
  start,
  stopTimeoutMs: (config) => config.shutdownGraceMs + STOP_MARGIN_MS,
});
