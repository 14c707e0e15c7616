/** The configuration of all services as documents: `.env.example` and `docs/configuration.md`, made from the schemas. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chatWorkerConfig } from '@parley/chat-worker';
import { gatewayConfig } from '@parley/gateway';
import { gitsyncConfig } from '@parley/gitsync';
import { llmmockConfig } from '@parley/llmmock';
import { describeConfiguration } from '@parley/service';
import { streamRelayConfig } from '@parley/stream-relay';
import { webpushConfig } from '@parley/webpush';
import { clusterConfig, localConfig } from '../config';

const described = (): Record<string, string> => {
  const { envExample, markdown } = describeConfiguration([
    { app: 'gateway', schema: gatewayConfig },
    { app: 'chat-worker', schema: chatWorkerConfig },
    { app: 'stream-relay', schema: streamRelayConfig },
    { app: 'webpush', schema: webpushConfig },
    { app: 'gitsync', schema: gitsyncConfig },
    { app: 'standalone', schema: localConfig },
    { app: 'cluster', schema: clusterConfig },
    { app: 'llmmock', schema: llmmockConfig },
  ]);
  return { '.env.example': envExample, 'docs/configuration.md': markdown };
};

/** The documents that are not what the schemas say, by their paths below `root`. */
export function staleDocuments(root: string): string[] {
  return Object.entries(described())
    .filter(([path, text]) => read(join(root, path)) !== text)
    .map(([path]) => path);
}

export function writeDocuments(root: string): void {
  for (const [path, text] of Object.entries(described())) writeFileSync(join(root, path), text);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
