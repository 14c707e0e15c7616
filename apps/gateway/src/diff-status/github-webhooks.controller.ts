/** Webhooks of GitHub: a push, a pull request or a review changed, so the chats on that branch are refreshed at once. Polling is the net. */
import { Body, Controller, Headers, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { Webhooks } from '@octokit/webhooks';
import { Database } from '@parley/database';
import { markBranch } from '@parley/diff-status';
import type { FastifyRequest } from 'fastify';
import { Public } from '../auth/current-actor';
import { SETTINGS, type GatewaySettings } from '../dependencies';
import { notFound, unauthenticated } from '../http/api-error';
import { api } from '../http/paths';
import { GitRefresh } from './git-refresh';
import { branchOfEvent } from './github-events';
import { RawBodies } from './raw-bodies';

@Controller(api('webhooks/github'))
export class GithubWebhooksController {
  private readonly webhooks: Webhooks | null;

  constructor(
    private readonly database: Database,
    private readonly git: GitRefresh,
    private readonly bodies: RawBodies,
    @Inject(SETTINGS) { githubWebhookSecret: secret }: GatewaySettings,
  ) {
    this.webhooks = secret === undefined ? null : new Webhooks({ secret });
  }

  @Post()
  @Public()
  @HttpCode(204)
  async receive(
    @Req() request: FastifyRequest,
    @Headers('x-github-event') event: string | undefined,
    @Headers('x-hub-signature-256') signature: string | undefined,
    @Body() payload: unknown,
  ): Promise<void> {
    if (this.webhooks === null) throw notFound('webhook');
    const body = this.bodies.of(request).toString('utf8');
    const isSigned = signature !== undefined && body !== '' && (await this.webhooks.verify(body, signature));
    if (!isSigned) throw unauthenticated('The signature of the webhook does not fit its body.');
    const branch = branchOfEvent(event ?? '', payload);
    if (branch === null) return;
    const marked = await markBranch(this.database, { ...branch, now: new Date() });
    await Promise.all(marked.map((each) => this.git.wake(each)));
  }
}
