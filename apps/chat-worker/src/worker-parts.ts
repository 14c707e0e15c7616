/** Puts together what the runners of a worker share. */
import type { ChatHead, ChatStore } from '@parley/chat-state';
import { NO_TRACER, tracedDatabase } from '@parley/service';
import { Auxiliary } from './auxiliary/auxiliary';
import { Episodes } from './live/episodes';
import { Persistence } from './persistence';
import { CallLedger } from './spend/call-ledger';
import { StepGate } from './step-gate';
import { ChatTasks, type Tasks } from './tasks';
import type { LocalTool } from './tools/local-tool';
import { Stragglers } from './tools/stragglers';
import { subagentTools } from './tools/subagents/subagent-tools';
import { ToolRegistry } from './tools/tool-registry';
import { TurnContexts } from './tools/turn-context';
import { TranscriptCache } from './transcript-cache';
import { Transcripts } from './transcripts';
import type { WorkerOptions } from './worker-options';

export interface WorkerParts {
  readonly store: ChatStore;
  readonly tasks: Tasks;
  readonly episodes: Episodes;
  readonly transcripts: Transcripts;
  readonly auxiliary: Auxiliary;
  readonly stragglers: Stragglers;
}

export function buildWorkerParts(options: WorkerOptions): WorkerParts {
  const { clock, createId, database, logger, metrics, models, random, settings } = options;
  const { bus, chatSettings } = options;
  const store = { database: tracedDatabase(database, options.tracer ?? NO_TRACER), bus };
  const cache = new TranscriptCache({ maxBytes: settings.transcriptCacheBytes });
  const transcripts = new Transcripts(store, cache);
  const episodes = new Episodes({ now: () => clock.now() });
  const persistence = new Persistence({
    clock,
    random,
    onPause: (error) => logger.warn({ err: error }, 'A statement failed and is tried again'),
  });
  const ledger = new CallLedger({ database, persistence, logger });
  const auxiliary = new Auxiliary(options, { store, ledger, transcripts });
  const { limits } = options;
  const toolsOf = (chat: ChatHead): readonly LocalTool[] => tools.toolsOf(chat);
  const subagents = subagentTools({ store, clock, persistence, chatSettings, limits, toolsOf, logger });
  const tools: ToolRegistry = new ToolRegistry([...subagents, ...options.tools]);
  const stragglers = new Stragglers({ clock, logger });
  const turnContexts = new TurnContexts();
  const shared = {
    store,
    bus,
    clock,
    random,
    models,
    chatSettings,
    tools,
    stragglers,
    turnContexts,
    transcripts,
    episodes,
    titles: auxiliary.titles,
    persistence,
    gate: new StepGate(),
    turnEnds: auxiliary.turnEnds,
    createId,
    ledger,
    metrics,
    logger,
  };
  return { store, tasks: new ChatTasks(shared), episodes, transcripts, auxiliary, stragglers };
}
