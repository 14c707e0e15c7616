/** What calls take, as JavaScript names it, and the bodies they become. */
import type { DynamicTool, InputPart, ReasoningEffort, ToolResultsRequest } from '@parley/contracts';

/** Parts, or the text of a single one. */
export type Content = readonly InputPart[] | string;

interface TurnChoices {
  modelConfigId?: string;
  reasoningEffort?: ReasoningEffort;
  mcpServerIds?: readonly string[];
}

export interface NewChat extends TurnChoices {
  organizationId: string;
  content: Content;
  systemPrompt?: string;
  labels?: Readonly<Record<string, string>>;
  /** Tools that this client runs: see `submitToolResults`. */
  dynamicTools?: readonly DynamicTool[];
  planMode?: '' | 'plan';
  workspaceId?: string;
  clientType?: 'ui' | 'api';
}

export interface NewMessage extends TurnChoices {
  content: Content;
  /** While a turn runs: wait in the queue (default), or stop it and go first. */
  busyBehavior?: 'queue' | 'interrupt';
  planMode?: '' | 'plan';
}

export interface EditedMessage extends TurnChoices {
  content: Content;
}

export interface ChatChanges {
  title?: string;
  labels?: Readonly<Record<string, string>>;
  archived?: boolean;
  /** 0 unpins. */
  pinOrder?: number;
  planMode?: '' | 'plan';
  /** The all-zero UUID detaches. */
  workspaceId?: string;
}

export interface ChatsQuery {
  /** Terms such as `title:plan archived:false search:"a phrase"`. */
  q?: string;
  labels?: Readonly<Record<string, string>>;
  /** The last chat of the page before. */
  afterId?: string;
  /** Default 50. */
  limit?: number;
  offset?: number;
}

export interface MessagesPage {
  beforeId?: number;
  afterId?: number;
  /** 1 to 200, default 50. */
  limit?: number;
}

export type ToolResult = Omit<ToolResultsRequest['results'][number], 'is_error'> & { is_error?: boolean };

export function toParts(content: Content): readonly InputPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

/** `JSON.stringify` leaves out what is undefined. */
export const chatBody = (chat: NewChat) => ({
  organization_id: chat.organizationId,
  ...messageBody(chat),
  system_prompt: chat.systemPrompt,
  labels: chat.labels,
  unsafe_dynamic_tools: chat.dynamicTools,
  workspace_id: chat.workspaceId,
  client_type: chat.clientType,
});

export const messageBody = (message: NewMessage) => ({
  content: toParts(message.content),
  model_config_id: message.modelConfigId,
  reasoning_effort: message.reasoningEffort,
  mcp_server_ids: message.mcpServerIds,
  busy_behavior: message.busyBehavior,
  plan_mode: message.planMode,
});

export const changesBody = ({ pinOrder, planMode, workspaceId, ...changes }: ChatChanges) => ({
  ...changes,
  pin_order: pinOrder,
  plan_mode: planMode,
  workspace_id: workspaceId,
});
