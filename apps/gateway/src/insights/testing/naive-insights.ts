/** Pull-request insights counted by hand, in the plainest way there is: what the statement is checked against. Only for tests. */
import type { PullRequestInsights, PullRequestState } from '@parley/contracts';

export interface NaiveModel {
  id: string;
  name: string;
  provider: string;
  isDeleted: boolean;
}

export interface NaiveChat {
  id: string;
  parentId: string | null;
  modelId: string;
  /** At first; it does not count. */
  modelBefore: string;
  createdAt: number;
  pull: {
    url: string | null;
    state: PullRequestState | null;
    additions: number;
    deletions: number;
    approved: boolean | null;
  } | null;
  /** What was stored of it at first; it does not count. */
  pullBefore: { url: string; state: PullRequestState | null } | null;
  isCostFirst: boolean;
  /** Those of messages first, then those of other calls. */
  costs: (number | null)[];
  messageCount: number;
}

interface NaivePull {
  chat: NaiveChat;
  state: PullRequestState;
  additions: number;
  deletions: number;
  approved: boolean | null;
  url: string | null;
  cost: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0);
const hasPull = (chat: NaiveChat): boolean => chat.pull !== null && chat.pull.state !== null;
const keyOf = (chat: NaiveChat): string => chat.pull?.url || chat.id;
const isNewer = (a: NaiveChat, b: NaiveChat): boolean =>
  a.createdAt > b.createdAt || (a.createdAt === b.createdAt && a.id > b.id);
const costOf = (chat: NaiveChat): number => sum(chat.costs.map((cost) => cost ?? 0));

function costOfPull(key: string, chats: readonly NaiveChat[]): number {
  let cost = 0;
  for (const chat of chats) {
    const parent = chats.find((each) => each.id === chat.parentId);
    const isLinked = hasPull(chat) && keyOf(chat) === key;
    const isChildOfLinked =
      parent !== undefined && hasPull(parent) && keyOf(parent) === key && !hasPull(chat);
    if (isLinked || isChildOfLinked) cost += costOf(chat);
  }
  return cost;
}

function pullsBetween(chats: readonly NaiveChat[], start: number, end: number): NaivePull[] {
  const newest = new Map<string, NaiveChat>();
  for (const chat of chats) {
    if (!hasPull(chat) || chat.createdAt < start || chat.createdAt >= end) continue;
    const known = newest.get(keyOf(chat));
    if (known === undefined || isNewer(chat, known)) newest.set(keyOf(chat), chat);
  }
  return [...newest].map(([key, chat]) => ({
    chat,
    state: chat.pull?.state ?? 'open',
    additions: chat.pull?.additions ?? 0,
    deletions: chat.pull?.deletions ?? 0,
    approved: chat.pull?.approved ?? null,
    url: chat.pull?.url ?? null,
    cost: costOfPull(key, chats),
  }));
}

const merged = (pulls: NaivePull[]): NaivePull[] => pulls.filter(({ state }) => state === 'merged');
const mergeRate = (pulls: NaivePull[]): number =>
  pulls.length === 0 ? 0 : merged(pulls).length / pulls.length;
function costPerMerged(pulls: NaivePull[]): number {
  const done = merged(pulls);
  return done.length === 0 ? 0 : Math.floor(sum(done.map(({ cost }) => cost)) / done.length);
}

export function naiveInsights(asked: {
  chats: readonly NaiveChat[];
  models: readonly NaiveModel[];
  start: number;
  end: number;
}): PullRequestInsights {
  const { chats, models, start, end } = asked;
  const current = pullsBetween(chats, start, end);
  const previous = pullsBetween(chats, start - (end - start), start);
  const nameOf = (id: string) => models.find((model) => model.id === id && !model.isDeleted);
  return {
    summary: {
      total_prs_created: current.length,
      total_prs_merged: merged(current).length,
      merge_rate: mergeRate(current),
      total_additions: sum(current.map(({ additions }) => additions)),
      total_deletions: sum(current.map(({ deletions }) => deletions)),
      total_cost_micros: sum(current.map(({ cost }) => cost)),
      cost_per_merged_pr_micros: costPerMerged(current),
      approval_rate:
        current.length === 0
          ? 0
          : current.filter(({ approved }) => approved === true).length / current.length,
      prev_total_prs_created: previous.length,
      prev_total_prs_merged: merged(previous).length,
      prev_merge_rate: mergeRate(previous),
      prev_cost_per_merged_pr_micros: costPerMerged(previous),
    },
    time_series: days(current),
    by_model: byModel(current, nameOf),
    recent_prs: current
      .toSorted((a, b) => (isNewer(a.chat, b.chat) ? -1 : 1))
      .slice(0, 20)
      .map((pull) => ({
        chat_id: pull.chat.id,
        pr_title: `of ${pull.chat.id}`,
        ...(pull.url ? { pr_url: pull.url } : {}),
        pr_number: 7,
        state: pull.state,
        draft: false,
        additions: pull.additions,
        deletions: pull.deletions,
        changed_files: 1,
        ...(pull.approved === null ? {} : { approved: pull.approved }),
        changes_requested: false,
        base_branch: 'main',
        model_display_name: nameOf(pull.chat.modelId)?.name ?? 'Unknown',
        cost_micros: pull.cost,
        created_at: new Date(pull.chat.createdAt).toISOString(),
      })),
  };
}

function days(pulls: NaivePull[]): PullRequestInsights['time_series'] {
  const starts = [...new Set(pulls.map(({ chat }) => Math.floor(chat.createdAt / DAY_MS) * DAY_MS))];
  return starts
    .toSorted((a, b) => a - b)
    .map((start) => {
      const ofDay = pulls.filter(({ chat }) => chat.createdAt >= start && chat.createdAt < start + DAY_MS);
      return {
        date: new Date(start).toISOString(),
        prs_created: ofDay.length,
        prs_merged: merged(ofDay).length,
        prs_closed: ofDay.filter(({ state }) => state === 'closed').length,
      };
    });
}

function byModel(
  pulls: NaivePull[],
  nameOf: (id: string) => NaiveModel | undefined,
): PullRequestInsights['by_model'] {
  const ids = [...new Set(pulls.map(({ chat }) => chat.modelId))];
  const entries = ids.map((id) => {
    const ofModel = pulls.filter(({ chat }) => chat.modelId === id);
    return {
      model_config_id: id,
      display_name: nameOf(id)?.name ?? 'Unknown',
      provider: nameOf(id)?.provider ?? 'unknown',
      total_prs: ofModel.length,
      merged_prs: merged(ofModel).length,
      merge_rate: mergeRate(ofModel),
      total_additions: sum(ofModel.map(({ additions }) => additions)),
      total_deletions: sum(ofModel.map(({ deletions }) => deletions)),
      total_cost_micros: sum(ofModel.map(({ cost }) => cost)),
      cost_per_merged_pr_micros: costPerMerged(ofModel),
    };
  });
  return entries.toSorted(
    (a, b) => b.total_prs - a.total_prs || (a.model_config_id < b.model_config_id ? -1 : 1),
  );
}
