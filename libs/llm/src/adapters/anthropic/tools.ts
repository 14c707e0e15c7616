/**
 * Tools of a Messages request: those that we run, those that Anthropic has defined and we run (computer use), and the web search that it
 * runs itself. Of what it has executed only web searches can go back (`chat-api` section 8.2), and only what it has made.
 */
import type Anthropic from '@anthropic-ai/sdk';
import type { AnthropicOptions } from '@parley/contracts';
import type { JsonObject } from '../../json';
import type { ModelRequest, PromptProviderCall, PromptProviderResult } from '../../model-client';
import { schemaForPrompt } from '../../prompt/tool-schema';
import { ownSeal, type SealMaker } from '../seals';

type Tool = Anthropic.ToolUnion;

export const WEB_SEARCH = 'web_search';
const CACHE = { cache_control: { type: 'ephemeral' } } as const;
const SEARCH_ID = /^srvtoolu_[a-zA-Z0-9_]+$/;

/** The search that the options ask for. */
export function webSearchOf(options: AnthropicOptions = {}): Tool | undefined {
  if (options.web_search_enabled !== true) return undefined;
  const { allowed_domains, blocked_domains } = options;
  return {
    type: 'web_search_20250305',
    name: WEB_SEARCH,
    ...(allowed_domains !== undefined && { allowed_domains }),
    ...(blocked_domains !== undefined && { blocked_domains }),
  };
}

/** A tool of ours hides one of the same name that the provider would run. @param isCached a breakpoint stands on the last one */
export function toTools(
  tools: ModelRequest['tools'],
  { search, isCached }: { search: Tool | undefined; isCached: boolean },
): Tool[] {
  const own = tools.map(toTool);
  const all = search === undefined || tools.some(({ name }) => name === WEB_SEARCH) ? own : [...own, search];
  return all.map((tool, index) => (isCached && index === all.length - 1 ? { ...tool, ...CACHE } : tool));
}

function toTool({ name, description, inputSchema, anthropic }: ModelRequest['tools'][number]): Tool {
  // Types that this SDK does not know yet pass through.
  if (anthropic !== undefined) return { ...anthropic.options, type: anthropic.type, name } as Tool;
  return { name, description, input_schema: schemaForPrompt(inputSchema) };
}

/** The betas that the tools of a request need, for its header. */
export function betasOf({ tools }: ModelRequest): string[] {
  return [
    ...new Set(tools.flatMap(({ anthropic }) => (anthropic?.beta === undefined ? [] : [anthropic.beta]))),
  ];
}

export function searchCall(part: PromptProviderCall, asker: SealMaker): Anthropic.ServerToolUseBlockParam[] {
  if (sealOfSearch(part, asker) === undefined) return [];
  return [{ type: 'server_tool_use', id: part.toolCallId, name: WEB_SEARCH, input: part.args }];
}

export function searchResult(
  part: PromptProviderResult,
  asker: SealMaker,
): Anthropic.WebSearchToolResultBlockParam[] {
  const seal = sealOfSearch(part, asker);
  if (seal === undefined) return [];
  const content = seal['web_search_content'];
  return [
    {
      type: 'web_search_tool_result',
      tool_use_id: part.toolCallId,
      content: (content ?? []) as Anthropic.WebSearchToolResultBlockParamContent,
    },
  ];
}

/** Both halves of a search carry the seal, or neither of them goes. */
function sealOfSearch(
  { toolCallId, toolName, providerMetadata }: PromptProviderCall | PromptProviderResult,
  asker: SealMaker,
): JsonObject | undefined {
  if (toolName !== WEB_SEARCH || !SEARCH_ID.test(toolCallId)) return undefined;
  return ownSeal('anthropic', asker, providerMetadata);
}
