/** Which version answers: for clients that detect features, and for operators during a rollout. */
import { Controller, Get } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Public } from '../auth/current-actor';
import { api } from '../http/paths';
import { WebpushRequests } from '../webpush/webpush-requests';

const manifest = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')));

@Controller(api('buildinfo'))
export class BuildInfoController {
  constructor(private readonly webpush: WebpushRequests) {}

  /** An empty `webpush_public_key` tells that there are no notifications. */
  @Get()
  @Public()
  async read() {
    return { version: manifest.version, webpush_public_key: await this.webpush.key() };
  }
}
