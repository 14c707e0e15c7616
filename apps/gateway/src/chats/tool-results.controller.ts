/** The results of tools that the client runs: all that the chat waits for, in one call. */
import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { completeAction, type ChatStore } from '@parley/chat-state';
import { toolResultsRequest, type FieldError, type ToolResultsRequest } from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { CHAT_STORE } from '../dependencies';
import { invalidFields } from '../http/api-error';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { ChatAccess } from './chat-access';

@Controller(chatApi('chats/:chat/tool-results'))
export class ToolResultsController {
  constructor(
    @Inject(CHAT_STORE) private readonly store: ChatStore,
    private readonly access: ChatAccess,
  ) {}

  @Post()
  @HttpCode(204)
  async complete(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
    @Body(valid(toolResultsRequest)) body: ToolResultsRequest,
  ): Promise<void> {
    refuse(duplicates(body));
    const result = await completeAction(this.store, {
      chatId,
      ownerId: actor.userId,
      results: body.results.map((one) => ({
        toolCallId: one.tool_call_id,
        output: one.output,
        isError: one.is_error,
      })),
    });
    if (!result.ok) refuse(mismatches(body, result));
    await this.access.ofOwner(result, { actor, chatId });
  }
}

function refuse(problems: readonly FieldError[]): void {
  if (problems.length > 0) throw invalidFields(problems);
}

function duplicates({ results }: ToolResultsRequest): FieldError[] {
  const seen = new Set<string>();
  return results.flatMap(({ tool_call_id: id }, index) => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [{ field: `results[${index}].tool_call_id`, detail: 'is answered twice' }];
  });
}

function mismatches(
  { results }: ToolResultsRequest,
  refused: { missing?: string[]; unexpected?: string[] },
): FieldError[] {
  const missing = (refused.missing ?? []).map((id) => ({
    field: 'results',
    detail: `lacks a result for "${id}"`,
  }));
  const unexpected = (refused.unexpected ?? []).map((id) => ({
    field: `results[${results.findIndex((one) => one.tool_call_id === id)}].tool_call_id`,
    detail: 'is no tool call that the chat waits for',
  }));
  return [...missing, ...unexpected];
}
