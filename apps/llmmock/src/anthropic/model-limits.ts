/** What models cannot do that later ones can. A name that is not known here can do everything. */
import { isObject, type JsonObject } from '../json-fields';
import { refuse } from './fields';

interface ModelLimits {
  readonly names: RegExp;
  readonly maxOutputTokens?: number;
  readonly lacksAdaptiveThinking?: true;
  readonly lacksStructuredOutputs?: true;
}

/** Source: https://platform.claude.com/docs/en/about-claude/models/overview and the pages of both features. The first that fits counts. */
const LIMITS: readonly ModelLimits[] = [
  {
    names: /^claude-3-(opus|sonnet|haiku)/,
    maxOutputTokens: 4_096,
    lacksAdaptiveThinking: true,
    lacksStructuredOutputs: true,
  },
  { names: /^claude-3-5/, maxOutputTokens: 8_192, lacksAdaptiveThinking: true, lacksStructuredOutputs: true },
  {
    names: /^claude-3-7|^claude-sonnet-4(-0|-\d{8}|@|$)/,
    maxOutputTokens: 64_000,
    lacksAdaptiveThinking: true,
    lacksStructuredOutputs: true,
  },
  {
    names: /^claude-opus-4(-0|-\d{8}|@|$)/,
    maxOutputTokens: 32_000,
    lacksAdaptiveThinking: true,
    lacksStructuredOutputs: true,
  },
  { names: /^claude-opus-4-1/, maxOutputTokens: 32_000, lacksAdaptiveThinking: true },
  { names: /^claude-(opus|sonnet|haiku)-4-5/, maxOutputTokens: 64_000, lacksAdaptiveThinking: true },
];

/** @throws ApiError (400) */
export function checkModel(model: string, body: JsonObject, maxTokens: number): void {
  const limits = LIMITS.find(({ names }) => names.test(model));
  if (limits === undefined) return;
  const { maxOutputTokens = maxTokens, lacksAdaptiveThinking, lacksStructuredOutputs } = limits;
  if (maxTokens > maxOutputTokens) {
    throw refuse(
      `max_tokens: ${maxTokens} > ${maxOutputTokens}, which is the maximum allowed number of output tokens for ${model}`,
    );
  }
  const { thinking, output_config: config } = body;
  if (lacksAdaptiveThinking && isObject(thinking) && thinking['type'] === 'adaptive')
    throw refuse('adaptive thinking is not supported on this model');
  if (lacksStructuredOutputs && isObject(config) && isObject(config['format']))
    throw refuse(`'${model}' does not support output format.`);
}
