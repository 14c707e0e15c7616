/** Which models a local Parley answers with: those whose key is set, and the mock behind them. */
import type { AnswerSource } from './provision';

export interface ModelKeys {
  openaiApiKey: string | undefined;
  openaiModel: string;
  anthropicApiKey: string | undefined;
  anthropicModel: string;
}

export function answerSources(keys: ModelKeys, mockUrl: string): AnswerSource[] {
  const sources: AnswerSource[] = [];
  if (keys.openaiApiKey !== undefined) {
    sources.push({
      name: 'openai',
      type: 'openai',
      apiKey: keys.openaiApiKey,
      model: keys.openaiModel,
      contextLimit: 400_000,
    });
  }
  if (keys.anthropicApiKey !== undefined) {
    sources.push({
      name: 'anthropic',
      type: 'anthropic',
      apiKey: keys.anthropicApiKey,
      model: keys.anthropicModel,
      contextLimit: 200_000,
    });
  }
  sources.push({
    name: 'mock',
    type: 'openai-compat',
    baseUrl: `${mockUrl}/v1`,
    apiKey: 'mock',
    model: 'mock',
    contextLimit: 128_000,
  });
  return sources;
}
