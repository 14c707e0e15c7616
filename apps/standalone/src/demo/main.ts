/** The command behind `npm run demo`. */
import { Command } from 'commander';
import { DataDirectory } from '../data-directory';
import { runDemo } from './demo';

interface Flags {
  url: string;
  token?: string;
  dataDir: string;
}

const program = new Command('npm run demo --')
  .description('Three turns on a running Parley, watched over WebSocket and SSE, with every text compared.')
  .option('--url <url>', 'where Parley answers', 'http://127.0.0.1:3000')
  .option('--token <token>', 'an API token; default: the one that npm start made')
  .option('--data-dir <path>', 'where npm start keeps its data', '.parley');

async function main(): Promise<void> {
  const flags = program.parse().opts<Flags>();
  const token = flags.token ?? (await (await DataDirectory.open(flags.dataDir)).credentials()).token;
  if (token === undefined)
    throw new Error('No token: pass --token, or run npm start once in this directory.');
  await runDemo({ url: flags.url, token, print: (line) => console.log(line) });
  console.log('all equal');
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
