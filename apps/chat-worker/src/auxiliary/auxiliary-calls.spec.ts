import { ModelError, type ModelClient, type ModelRequest, type ResolvedModel } from '@parley/llm';
import { FakeClock } from '@parley/testing';
import type { CallOutcome } from '@parley/spend';
import type { WorkerMetrics } from '../metrics';
import type { CallLedger } from '../spend/call-ledger';
import type { ModelCall } from '../spend/model-call';
import { AUXILIARY_CALL_MS, AuxiliaryCalls, AuxiliaryTimeoutError } from './auxiliary-calls';
import { AuxiliaryModels } from './auxiliary-models';

const chat = { organizationId: 'o', ownerId: 'u', modelConfigId: 'own' };

/** A model that begins to answer and then says nothing more until it is aborted. */
function silentModel(
  fields: Partial<ResolvedModel> = {},
): ResolvedModel & { readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  const client: ModelClient = {
    provider: 'openai',
    modelName: 'm',
    async *stream(request, signal) {
      requests.push(request);
      yield { type: 'text-delta', text: 'Well' };
      await new Promise((_, reject) => {
        const cut = () => reject(new ModelError({ kind: 'generic', retryable: false, provider: 'openai' }));
        if (signal.aborted) cut();
        else signal.addEventListener('abort', cut, { once: true });
      });
    },
  };
  return {
    modelConfigId: 'own',
    organizationId: 'o',
    providerId: 'p',
    provider: 'openai',
    modelName: 'm',
    contextLimit: 1000,
    compressionThreshold: 70,
    callConfig: {},
    prices: {},
    ...fields,
    client,
    requests,
  };
}

function callsOf(model: ResolvedModel, clock: FakeClock) {
  const recorded: [string, CallOutcome][] = [];
  const ledger = {
    record: (call: ModelCall, outcome: CallOutcome) => {
      const entry = call.asEntry(outcome);
      recorded.push([entry.purpose, entry.outcome]);
      return Promise.resolve();
    },
  } as unknown as CallLedger;
  const models = { choose: () => Promise.resolve(model) } as unknown as AuxiliaryModels;
  const counted: string[] = [];
  const metrics: Pick<WorkerMetrics, 'auxiliaryCall'> = {
    auxiliaryCall: ({ purpose, outcome }) => void counted.push(`${purpose} ${outcome}`),
  };
  const calls = new AuxiliaryCalls({ models, ledger, clock, createId: () => 'id', metrics });
  return { calls, recorded, counted };
}

const listen = async (client: ModelClient, signal: AbortSignal): Promise<string> => {
  const request = { messages: [], tools: [], settings: { maxOutputTokens: 64 } };
  for await (const part of client.stream(request, signal)) if (part.type === 'finish') return 'done';
  return 'nothing';
};

describe('A call beside the turns', () => {
  it('is cut after its time, by the clock, and is in the ledger', async () => {
    const clock = new FakeClock();
    const { calls, recorded, counted } = callsOf(silentModel(), clock);
    const { signal: stop } = new AbortController();
    const asked = calls.ask({ chatId: 'c', chat, purpose: 'label', ask: listen, stop });
    const refused = expect(asked).rejects.toThrow(AuxiliaryTimeoutError);
    await clock.waitForSleeper('auxiliary call');
    await clock.advance(AUXILIARY_CALL_MS);
    await refused;
    expect(recorded).toEqual([['label', 'interrupted']]);
    expect(counted).toEqual(['label timed_out']);
  });

  it.each(['signal', 'stop'] as const)('is cut by its %s, and leaves nothing asleep', async (which) => {
    const clock = new FakeClock();
    const { calls, recorded, counted } = callsOf(silentModel(), clock);
    const aborts = { signal: new AbortController(), stop: new AbortController() };
    const signals = { signal: aborts.signal.signal, stop: aborts.stop.signal };
    const asked = calls.ask({ chatId: 'c', chat, purpose: 'title', ask: listen, ...signals });
    const refused = expect(asked).rejects.toThrow(ModelError);
    await clock.waitForSleeper('auxiliary call');
    aborts[which].abort();
    await refused;
    expect(recorded).toEqual([['title', 'interrupted']]);
    expect(counted).toEqual(['title given_up']);
    expect(clock.sleepers()).toEqual([]);
  });

  it('asks a model that reasons for little of it, and lets others be', async () => {
    const effort = { default: 'high', max: 'max' } as const;
    for (const [model, reasoningEffort] of [
      [silentModel({ callConfig: { reasoning_effort: effort } }), 'low'],
      [silentModel({ callConfig: { reasoning_effort: effort }, provider: 'anthropic' }), undefined],
      [silentModel(), undefined],
    ] as const) {
      const { calls } = callsOf(model, new FakeClock());
      const stop = new AbortController();
      const ask = async (client: ModelClient, signal: AbortSignal) => {
        const asked = listen(client, signal);
        stop.abort();
        return asked;
      };
      await calls.ask({ chatId: 'c', chat, purpose: 'title', ask, stop: stop.signal }).catch(() => undefined);
      expect(model.requests.map(({ settings }) => settings.reasoningEffort)).toEqual([reasoningEffort]);
    }
  });
});

describe('The model of a call beside the turns', () => {
  const named = (modelConfigId: string): ResolvedModel => silentModel({ modelConfigId });
  const broken = new ModelError({ kind: 'config', retryable: false, provider: 'openai' });
  const chosen = async (setup: { override?: string; cheap?: string; broken?: string }): Promise<string> => {
    const models = new AuxiliaryModels({
      models: {
        resolve: (id) => (id === setup.broken ? Promise.reject(broken) : Promise.resolve(named(id))),
      },
      cheapModels: { insteadOf: () => Promise.resolve(setup.cheap) },
      settings: {
        modelOverride: ({ organizationId, purpose }) =>
          Promise.resolve(
            organizationId === 'o' && purpose === 'title_generation' ? setup.override : undefined,
          ),
      },
    });
    return (await models.choose(chat)).modelConfigId;
  };

  it('is the override of the organization, before a cheap one, before the own', async () => {
    expect(await chosen({})).toBe('own');
    expect(await chosen({ cheap: 'nano' })).toBe('nano');
    expect(await chosen({ cheap: 'nano', override: 'theirs' })).toBe('theirs');
  });

  it('is none when the override cannot be used: no other is taken in its place', async () => {
    await expect(chosen({ cheap: 'nano', override: 'theirs', broken: 'theirs' })).rejects.toBe(broken);
  });

  it('is the own when the cheap one cannot be used', async () => {
    expect(await chosen({ cheap: 'nano', broken: 'nano' })).toBe('own');
    await expect(chosen({ broken: 'own' })).rejects.toBe(broken);
  });
});
