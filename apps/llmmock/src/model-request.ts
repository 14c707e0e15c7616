import { controlKeys, hasControlBlock, withoutControlBlocks } from './control-block';
import type { JsonObject } from './json-fields';

export type ApiName = 'openai-responses' | 'chat-completions' | 'anthropic';

export interface OfferedTool {
  readonly name: string;
  readonly schema: JsonObject;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** How the client wants the model's reasoning shown. `hidden` reasons without showing the text. */
export type ReasoningWish = 'none' | 'hidden' | 'visible';

/**
 * One valid request to a model, reduced to what the mock needs to decide its answer; the same for all three APIs. What
 * only one API knows (obfuscation, included fields …) stays in that API's renderer.
 */
export interface ModelRequest {
  readonly api: ApiName;
  readonly model: string;
  readonly stream: boolean;
  readonly messages: readonly unknown[];
  readonly transcript: Transcript;
  readonly instructions: string;
  readonly tools: readonly OfferedTool[];
  readonly toolChoice: ToolChoice;
  readonly reasoning: ReasoningWish;
  /** The JSON schema the reply must satisfy; `{}` when any JSON object will do. */
  readonly replySchema: JsonObject | undefined;
  readonly maxOutputTokens: number | undefined;
  readonly stopSequences: readonly string[];
}

/**
 * What is known of a conversation after walking it once: the latest user text, and how far the turn it began has got.
 * The turn's step is derived from the number of tool results since, so the mock keeps no state between requests.
 */
export class Transcript {
  /** Characters of all text, calls and results; the prompt's tokens are estimated from it. */
  characters = 0;
  lastUserText = '';
  /** The latest user text with a control block in it. */
  lastControlledText = '';
  toolResultsSinceUser = 0;
  /** Of all control blocks in user texts, in order. */
  readonly userKeys: string[] = [];
  /** Characters of the model's own earlier texts. */
  answerCharacters = 0;
  toolResults = 0;

  addText(text: string): void {
    this.characters += text.length;
  }

  /** What the model said before. */
  addAnswerText(text: string): void {
    this.characters += text.length;
    this.answerCharacters += text.length;
  }

  addUserText(text: string): void {
    this.characters += text.length;
    this.lastUserText = text;
    if (hasControlBlock(text)) this.lastControlledText = text;
    this.userKeys.push(...controlKeys(text));
    this.toolResultsSinceUser = 0;
  }

  addToolResult(text: string): void {
    this.characters += text.length;
    this.toolResultsSinceUser += 1;
    this.toolResults += 1;
  }

  /** The latest user text without control blocks. */
  get plainUserText(): string {
    return withoutControlBlocks(this.lastUserText);
  }
}
