/**
 * The command that replaces the VAPID key, for when the private half may have leaked or its encryption key is lost. All subscriptions
 * go with the old key; browsers subscribe again when their users next open the page.
 */
import { connectNats } from '@parley/bus';
import { subjects } from '@parley/contracts';
import { Database } from '@parley/database';
import { SecretBox } from '@parley/identity';
import { createLogger, loadConfig } from '@parley/service';
import { replaceKeyConfig } from './config';
import { VapidKeys } from './keys/vapid-keys';

async function main(): Promise<void> {
  const config = loadConfig(replaceKeyConfig);
  const logger = createLogger({ name: 'webpush-replace-key', level: config.logLevel });
  const secretBox = SecretBox.fromText(config.parleyEncryptionKey);
  const applicationName = 'parley-webpush-replace-key';
  const database = await Database.open({ url: config.databaseUrl, poolSize: 2, applicationName });
  try {
    const { publicKey } = await new VapidKeys({ database, secretBox }).regenerate();
    const bus = await connectNats({ url: config.natsUrl, name: applicationName, logger });
    bus.publish(subjects.configChanged('subscriptions'), {});
    await bus.drain();
    logger.info({ public_key: publicKey }, 'The VAPID key was replaced, and all subscriptions were removed');
  } finally {
    await database.close();
  }
}

main().catch((error: unknown) => {
  createLogger({ name: 'webpush-replace-key' }).fatal({ err: error }, 'The VAPID key was not replaced');
  process.exitCode = 1;
});
