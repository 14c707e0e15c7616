import { Turn } from '../generator/turn';
import type { LoadOutcome } from '../load/load-outcome';
import type { Measured } from '../load/measurements';
import { chaosLoad, PROFILES } from '../profiles';
import { sumUp } from './sum-up';

const measured: Measured = {
  usage: {
    'chat-worker': { processes: 2, cpuMs: 30, peakRssBytes: 200 * 2 ** 20 },
    generator: { processes: 1, cpuMs: 80, peakRssBytes: 2 ** 20 },
  },
  processes: [
    { name: 'chat-worker-1', group: 'chat-worker', cpuMs: 10, peakRssBytes: 100 * 2 ** 20 },
    { name: 'chat-worker-2', group: 'chat-worker', cpuMs: 20, peakRssBytes: 200 * 2 ** 20 },
    { name: 'generator-1', group: 'generator', cpuMs: 80, peakRssBytes: 2 ** 20 },
  ],
  generator: {
    cpuMs: 46,
    cpuShare: 0.1,
    loopDelayP50Ms: 0,
    loopDelayP99Ms: 0,
    loopDelayMaxMs: 0,
    voidBecause: null,
  },
  services: [],
  streamReads: [],
  bus: null,
  sql: null,
};

function doneTurn(number: number): Turn {
  const shape = { chunks: 1, chunkSize: 1, chunkMs: 0, firstByteMs: 0 };
  const turn = new Turn({ key: `${number}`, shape, toolSteps: [] }, 'follow_up', 'plain', 0);
  turn.doneAtMs = 10;
  turn.outcome = 'done';
  return turn;
}

function summed(plan: LoadOutcome['plan']) {
  const outcome: LoadOutcome = {
    plan,
    turns: [doneTurn(1), doneTurn(2)],
    chats: [],
    measured,
    streams: { bytes: 0, events: 0, reconnects: 0, episodes: 0, cutByCommit: 0, platformRetries: 0 },
    counts: { retries: 0, rateLimited: 3, confirmed: 0 },
    serverErrors: { errors: [], beyond: 0, breaks: [], breaksBeyond: 0 },
    strike: null,
    startedAtMs: 0,
    releasedAtMs: null,
    createEndedAtMs: 0,
    endedAtMs: 10,
    worstBacklog: 0,
    scenarioFailures: [],
    wasAborted: false,
  };
  const verdict = { findings: [], turnsChecked: 2, chatsChecked: 0, modelCalls: null, answersCut: 0 };
  return sumUp({ outcome, verdict, calls: null, idle: { callsPerSecond: new Map() }, explainedErrors: 0 });
}

describe('the sum of a load', () => {
  it('tells processes one by one and by group, and of the generator one figure: its own', () => {
    const made = summed(PROFILES.storm.loads[0]);
    expect(made.cpu_ms_per_turn).toEqual({ 'chat-worker': 15, generator: 23, services: 15 });
    expect(made.generator.cpu_ms_per_turn).toBe(23);
    expect(made.rss_mb).toEqual({ 'chat-worker': 200, generator: 1 });
    expect(made.processes).toEqual([
      { name: 'chat-worker-1', group: 'chat-worker', cpu_ms_per_turn: 5, peak_rss_mb: 100 },
      { name: 'chat-worker-2', group: 'chat-worker', cpu_ms_per_turn: 10, peak_rss_mb: 200 },
      { name: 'generator-1', group: 'generator', cpu_ms_per_turn: 23, peak_rss_mb: 1 },
    ]);
  });

  it('says of a load whether it was to meet the limit', () => {
    expect(summed(PROFILES.limits.loads[0]).calls).toMatchObject({ must_be_limited: true, rate_limited: 3 });
    expect(summed(chaosLoad('kill-relay')).calls.must_be_limited).toBe(false);
  });
});
