/**
 * A headless Chromium on pages that are served from the system's own origin, as an operator would serve them: blank ones, with the packed
 * client at hand as a module. `CHROMIUM_PATH` names a browser to use; else the machine's, which is fetched where it can be.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '@parley/local-servers';
import { chromium, type Browser, type Page } from 'playwright-core';
import { root } from './built';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  // Pages that the test serves in place of the network count as strangers' ones, which may not open WebSockets to this machine.
  '--disable-features=LocalNetworkAccessChecks',
];
const PAGE = `<!doctype html><title>Parley</title><script type="importmap">
{ "imports": { "@parley/client": "/page/client/index.js", "eventsource-parser": "/page/eventsource-parser.js" } }</script>`;

export class TestBrowser {
  private constructor(
    private readonly browser: Browser,
    private readonly work: string,
  ) {}

  /** Throws ProgramMissingError, which says how to bring a browser. */
  static async launch(): Promise<TestBrowser> {
    const given = process.env['CHROMIUM_PATH'];
    const { file, env } = given === undefined ? await findProgram('chromium') : { file: given, env: {} };
    const work = mkdtempSync(join(tmpdir(), 'parley-browser-'));
    execFileSync(process.execPath, [join(root, 'libs/client/build-package.mjs'), join(work, 'client')]);
    const browser = await chromium.launch({
      executablePath: file,
      args: FLAGS,
      env: { PATH: process.env['PATH'] ?? '', HOME: work, ...env },
    });
    return new TestBrowser(browser, work);
  }

  /** A blank page at `origin`, in a profile of its own. */
  async page(origin: string): Promise<Page> {
    const context = await this.browser.newContext();
    const page = await context.newPage();
    await page.route(`${origin}/page/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      const [, module] = /^\/page\/client\/([\w-]+\.js)$/.exec(pathname) ?? [];
      if (module !== undefined) return route.fulfill(script(join(this.work, 'client/esm', module)));
      if (pathname === '/page/eventsource-parser.js')
        return route.fulfill(script(join(root, 'node_modules/eventsource-parser/dist/index.js')));
      return route.fulfill({ contentType: 'text/html', body: PAGE });
    });
    await page.goto(`${origin}/page/`);
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    rmSync(this.work, { recursive: true, force: true });
  }
}

const script = (file: string) => ({ contentType: 'text/javascript', body: readFileSync(file, 'utf8') });
