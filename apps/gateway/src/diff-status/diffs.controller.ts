/** The code of a chat: the branch it reports, and the diff that came of it. */
import { Body, Controller, Get, Inject, Param, Put } from '@nestjs/common';
import { readClientChat, type ChatStore } from '@parley/chat-state';
import {
  reportGitRefRequest,
  type Chat,
  type ChatDiffContents,
  type ChatDiffStatus,
  type ReportGitRefRequest,
} from '@parley/contracts';
import {
  parseRemoteOrigin,
  publishDiffStatusChange,
  readDiff,
  readDiffStatuses,
  reportGitRef,
} from '@parley/diff-status';
import type { Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { ChatAccess } from '../chats/chat-access';
import { CHAT_STORE } from '../dependencies';
import { ApiError, forbidden, invalidField, notFound } from '../http/api-error';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { refusalOf } from './diff-refusals';
import { GitRefresh } from './git-refresh';

/** A diff read this lately is shown again without asking the host. */
const DIFF_FRESH_MS = 10_000;

@Controller(chatApi('chats/:chat'))
export class DiffsController {
  constructor(
    @Inject(CHAT_STORE) private readonly store: ChatStore,
    private readonly access: ChatAccess,
    private readonly git: GitRefresh,
  ) {}

  /** For the owner alone: the host is asked with the owner's account. */
  @Put('git-ref')
  async report(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
    @Body(valid(reportGitRefRequest)) body: ReportGitRefRequest,
  ): Promise<ChatDiffStatus> {
    const { database } = this.store;
    const { branch, remote_origin: remoteOrigin } = body;
    const remote = parseRemoteOrigin(remoteOrigin);
    if (remote === null)
      throw invalidField('remote_origin', 'must be an HTTPS or SSH address of a repository');
    const chat = await this.ownChat(actor, chatId);
    const ref = { chatId, ownerId: actor.userId, branch, remoteOrigin, remote, now: new Date() };
    const markVersion = await reportGitRef(database, ref);
    if (markVersion === null) throw notFound('chat');
    await publishDiffStatusChange(this.store, chat);
    await this.git.wake({ chatId, markVersion });
    const status = (await readDiffStatuses(database, [chatId])).get(chatId);
    if (status === undefined) throw notFound('chat');
    return status;
  }

  /** Refreshed if that is possible now; otherwise as it was last read. */
  @Get('diff')
  async diff(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
  ): Promise<ChatDiffContents> {
    await this.access.readable(actor, chatId);
    const { database } = this.store;
    const known = await readDiff(database, chatId);
    if (known === null) return { chat_id: chatId };
    const readMsAgo = known.diffReadAt === null ? Infinity : Date.now() - known.diffReadAt.getTime();
    if (readMsAgo < DIFF_FRESH_MS && !known.isMarkedSince) return known.contents;
    const reply = await this.git.refreshDiff(chatId);
    const { contents } = (await readDiff(database, chatId)) ?? known;
    if (contents.diff !== undefined) return contents;
    const refusal = refusalOf(reply, Date.now());
    if (refusal !== null) throw refusal;
    return contents;
  }

  private async ownChat(actor: Actor, chatId: string): Promise<Chat> {
    const chat = await readClientChat(this.store.database, { chatId, ownerId: actor.userId });
    if (chat === null) {
      await this.access.readable(actor, chatId);
      throw forbidden('Only the owner of a chat can do this.');
    }
    if (chat.archived) throw new ApiError(400, 'The chat is archived: unarchive it first.');
    return chat;
  }
}
