/**
 * Builds the prompt from stored rows.
 *
 * History is stored faithfully and repaired here, each time, so that a better rule cures old chats, too. What comes out is neutral: any
 * provider's request can be made of it, whichever provider wrote the history. Promises about it: texts are not blank and well-formed,
 * every call has exactly one result directly behind its message, ids and names fit every provider's pattern, arguments are objects, tool
 * results fit into the context, the conversation begins with the user and does not end with the assistant. One walk, O(n).
 */
import type { MessagePart } from '@parley/contracts';
import type { PromptAssistantPart, PromptMessage } from '../model-client';
import { maxToolResultBytes } from './cut-text';
import { fileForPrompt, type ReadFile } from './files';
import { assistantReasoning, assistantText, systemText, userParts } from './message-parts';
import { providerParts } from './provider-calls';
import { type PromptRow, visibleRows } from './prompt-row';
import { ToolPairing } from './tool-pairing';

export interface PromptOptions {
  /** Tokens; bounds each tool result. */
  readonly contextLimit?: number | undefined;
  /** Reads the files that parts name by id; without it they count as gone. */
  readonly readFile?: ReadFile;
  /** System texts of this turn only: they follow those at the beginning of the history. None is blank. */
  readonly overlay?: readonly string[];
}

type Slot = PromptMessage | (() => PromptMessage | undefined);

/** What is said for the user where a provider demands that the user speaks first or last. */
const CONTINUE: PromptMessage = { role: 'user', parts: [{ type: 'text', text: 'Continue.' }] };

/** @param rows all rows of the chat that are not deleted, in the order of their ids */
export function buildPrompt(rows: readonly PromptRow[], options: PromptOptions = {}): PromptMessage[] {
  const builder = new PromptBuilder(options);
  for (const row of visibleRows(rows)) builder.add(row);
  return builder.finish();
}

class PromptBuilder {
  private readonly slots: Slot[] = [];
  private readonly pairing: ToolPairing;
  private readonly readFile: ReadFile;
  private readonly overlay: readonly string[];
  private readonly providerCallIds = new Set<string>();

  constructor({ contextLimit, readFile, overlay = [] }: PromptOptions) {
    this.overlay = overlay;
    this.pairing = new ToolPairing(maxToolResultBytes(contextLimit));
    this.readFile = readFile ?? (() => undefined);
  }

  add(row: PromptRow): void {
    switch (row.role) {
      case 'system': {
        const text = systemText(row.content);
        if (text !== '') this.slots.push({ role: 'system', text });
        return;
      }
      case 'user':
        return this.addUser(row.content);
      case 'assistant':
        return this.addAssistant(row.content);
      case 'tool':
        return this.addResults(row.content);
    }
  }

  finish(): PromptMessage[] {
    const messages = this.slots.flatMap((slot) => {
      const message = typeof slot === 'function' ? slot() : slot;
      return message === undefined ? [] : [message];
    });
    const first = messages.findIndex((message) => message.role !== 'system');
    if (messages[first]?.role !== 'user')
      messages.splice(first === -1 ? messages.length : first, 0, CONTINUE);
    const last = messages.findLast((message) => message.role !== 'system');
    if (last?.role === 'assistant') messages.push(CONTINUE);
    return this.withOverlay(messages);
  }

  private withOverlay(messages: PromptMessage[]): PromptMessage[] {
    const texts = this.overlay.map((text) => ({ role: 'system', text, isOverlay: true }) as const);
    const end = messages.findIndex((message) => message.role !== 'system');
    return [...messages.slice(0, end), ...texts, ...messages.slice(end)];
  }

  private addUser(content: readonly MessagePart[]): void {
    const parts = content.flatMap((part) => userParts(part, this.readFile));
    if (parts.length > 0) this.slots.push({ role: 'user', parts });
    this.addResults(content);
  }

  private addAssistant(content: readonly MessagePart[]): void {
    const parts: PromptAssistantPart[] = [];
    const results = this.pairing.beginStep();
    this.slots.push(() => (parts.length > 0 ? { role: 'assistant', parts } : undefined), results);
    const executed = providerParts(content, this.providerCallIds);
    for (const [index, part] of content.entries()) {
      const own = executed.get(index);
      parts.push(...(own === undefined ? this.assistantParts(part) : [own]));
    }
    this.addResults(content);
  }

  private assistantParts(part: MessagePart): PromptAssistantPart[] {
    switch (part.type) {
      case 'text':
        return assistantText(part);
      case 'reasoning':
        return assistantReasoning(part);
      case 'tool-call': {
        const call = this.pairing.addCall(part);
        return call === undefined ? [] : [call];
      }
      case 'file': {
        const file = fileForPrompt(part, this.readFile);
        return file?.type === 'text' ? [file] : [];
      }
      case 'file-reference':
      case 'context-file':
      case 'skill':
      case 'hook-context':
        return userParts(part, this.readFile).filter((each) => each.type === 'text');
      case 'tool-result':
      case 'source':
      case 'hook-notice':
        return [];
    }
  }

  private addResults(content: readonly MessagePart[]): void {
    for (const part of content) {
      if (part.type !== 'tool-result') continue;
      const orphan = this.pairing.addResult(part);
      if (orphan === undefined) continue;
      this.slots.push(
        { role: 'assistant', parts: [orphan.call] },
        { role: 'tool', results: [orphan.result] },
      );
    }
  }
}
