/** Which scenario each chat follows: drawn by weight from a seed, so that a run can be repeated. */
import type { Random } from '@parley/llmmock';
import { archive } from './archive';
import { compaction } from './compaction';
import { edit } from './edit';
import { interrupt } from './interrupt';
import { listWatchers } from './list-watchers';
import { longAnswers } from './long-answers';
import { longHistory } from './long-history';
import { manyViewers } from './many-viewers';
import { plain } from './plain';
import { providerRetries } from './provider-retries';
import { queueWhileBusy } from './queue-while-busy';
import { reconnectStorm } from './reconnect-storm';
import type { Scenario } from './scenario';
import { slowReaders } from './slow-readers';
import { subagents } from './subagents';
import { toolHeavy } from './tool-heavy';
import { webSocketViewers } from './web-socket-viewers';

export const SCENARIOS = {
  plain,
  'long-answers': longAnswers,
  'long-history': longHistory,
  'tool-heavy': toolHeavy,
  'queue-while-busy': queueWhileBusy,
  interrupt,
  edit,
  archive,
  'many-viewers': manyViewers,
  'slow-readers': slowReaders,
  'reconnect-storm': reconnectStorm,
  'web-socket-viewers': webSocketViewers,
  'list-watchers': listWatchers,
  'provider-retries': providerRetries,
  compaction,
  subagents,
} as const satisfies Record<string, Scenario>;
export type ScenarioName = keyof typeof SCENARIOS;

/** Weights by scenario; what is not named has none. */
export type Mix = Readonly<Partial<Record<ScenarioName, number>>>;

export const EVERYTHING: Mix = {
  plain: 4,
  'long-answers': 1,
  'long-history': 1,
  'tool-heavy': 2,
  'queue-while-busy': 2,
  interrupt: 2,
  edit: 2,
  archive: 1,
  'many-viewers': 1,
  'slow-readers': 1,
  'reconnect-storm': 2,
  'web-socket-viewers': 1,
  'list-watchers': 1,
  'provider-retries': 1,
  compaction: 1,
  subagents: 1,
};

export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(SCENARIOS, name);
}

/** `plain=5,edit=1`; a bare name weighs 1. @throws Error naming what is unknown */
export function parseMix(text: string): Mix {
  const mix: Partial<Record<ScenarioName, number>> = {};
  for (const entry of text.split(',')) {
    const [name = '', weight = '1'] = entry.trim().split('=');
    if (!isScenarioName(name))
      throw new Error(`"${name}" is no scenario: take ${Object.keys(SCENARIOS).join(', ')}`);
    const value = Number(weight);
    if (!Number.isFinite(value) || value < 0) throw new Error(`"${weight}" is no weight for ${name}`);
    mix[name] = value;
  }
  if (Object.values(mix).every((weight) => weight === 0)) throw new Error('Every weight is 0');
  return mix;
}

/** One name for each of `count` chats: every scenario as often as its weight says, to within one, in random order. */
export function dealScenarios(mix: Mix, count: number, random: Random): ScenarioName[] {
  const weights = Object.entries(mix).filter((entry): entry is [ScenarioName, number] =>
    isScenarioName(entry[0]),
  );
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  const dealt: ScenarioName[] = [];
  let reached = 0;
  for (const [name, weight] of weights) {
    reached += weight;
    while (dealt.length < Math.round((reached / total) * count)) dealt.push(name);
  }
  return shuffle(dealt, random);
}

function shuffle<T>(items: readonly T[], random: Random): T[] {
  const keyed = items.map((item) => ({ item, order: random() }));
  return keyed.sort((left, right) => left.order - right.order).map(({ item }) => item);
}
