/**
 * Everything that crosses the bus: each subject with the shape of its payload.
 *
 * Bus messages are hints, or copies of what is already committed. Delivery may lose, double and reorder: whoever receives one
 * compares versions, and reads Postgres where it lacks something. Versions N and N-1 of the services read each other's
 * messages, so fields are only ever added, and optional.
 */
import { z } from 'zod';
import {
  chatError,
  chatMessage,
  chatRetry,
  chatStatus,
  messageRole,
  openCall,
  queuedMessage,
  reasoningEffort,
} from './chat';
import { gitDiffReply, gitDiffRequest, gitRefreshRequested } from './diff-status';
import { messagePart } from './message-part';
import { uuid } from './strings';
import { titleProposalDropped, titleProposalReply, titleProposalRequest } from './title-proposal';
import { watchEvent } from './watch-event';
import {
  nothing,
  presenceReply,
  pushTurnFinished,
  webpushKeyReply,
  webpushSubscribe,
  webpushSubscribeReply,
  webpushTest,
  webpushTestReply,
  webpushUnsubscribe,
  webpushUnsubscribeReply,
} from './webpush-messages';

/** A change whose encoded form is larger goes out without its content, marked `truncated`. */
export const MAX_CHANGE_BYTES = 256 * 1024;

/**
 * One committed transition of a chat, from `from_version` to `version`. A content field that is absent did not change;
 * `error` and `retry` are null when cleared. `messages` are those inserted, as clients see them.
 */
export const chatChange = z.object({
  chat_id: uuid(),
  owner_id: uuid(),
  from_version: z.number().int(),
  version: z.number().int(),
  history_version: z.number().int(),
  queue_version: z.number().int(),
  status: chatStatus,
  worker_id: uuid().nullable(),
  generation_attempt: z.number().int(),
  archived: z.boolean(),
  messages: z.array(chatMessage).optional(),
  queue: z.array(queuedMessage).optional(),
  error: chatError.nullable().optional(),
  retry: chatRetry.nullable().optional(),
  open_calls: z.array(openCall).optional(),
  /** Messages were removed (an edit): receivers reread the history. */
  history_reset: z.boolean().optional(),
  /** The content was too large for the bus: receivers read Postgres. */
  truncated: z.boolean().optional(),
});
export type ChatChange = z.infer<typeof chatChange>;

export const livePart = z.object({ role: messageRole, part: messagePart });
export type LivePart = z.infer<typeof livePart>;

/** Live parts of an episode, numbered `first_seq`, `first_seq + 1`, … */
export const chatParts = z.object({
  chat_id: uuid(),
  history_version: z.number().int(),
  generation_attempt: z.number().int(),
  first_seq: z.number().int(),
  parts: z.array(livePart),
});
export type ChatParts = z.infer<typeof chatParts>;

/** A chat is runnable and nobody owns it. */
export const chatReady = z.object({ chat_id: uuid(), version: z.number().int() });
export type ChatReady = z.infer<typeof chatReady>;

/** What the next turn of a chat runs with; clients do not see all of it in a change. */
export const turnSettings = z.object({
  model_config_id: uuid(),
  reasoning_effort: reasoningEffort.nullable(),
  plan_mode: z.enum(['plan']).nullable(),
  mcp_server_ids: z.array(uuid()),
});
export type TurnSettings = z.infer<typeof turnSettings>;

/** To the owner of a chat: it changed. With `change` and `settings` the owner needs no read to go on. */
export const workerWake = z.object({
  chat_id: uuid(),
  version: z.number().int(),
  change: chatChange.optional(),
  settings: turnSettings.optional(),
});
export type WorkerWake = z.infer<typeof workerWake>;

/** Asks a worker for the parts after `after_seq` of the step in flight (of any episode when none is named). */
export const episodeRequest = z.object({
  chat_id: uuid(),
  history_version: z.number().int().optional(),
  generation_attempt: z.number().int().optional(),
  after_seq: z.number().int(),
});
export type EpisodeRequest = z.infer<typeof episodeRequest>;

/** Null when the worker holds no such episode. `is_closed`: no further part will come. */
export const episodeReply = z.object({ episode: chatParts.extend({ is_closed: z.boolean() }).nullable() });
export type EpisodeReply = z.infer<typeof episodeReply>;

export const CONFIG_TOPICS = [
  'api_keys',
  'users',
  'providers',
  'models',
  'chat_settings',
  'mcp_servers',
  'site',
  'subscriptions',
  'usage_limits',
] as const;
export type ConfigTopic = (typeof CONFIG_TOPICS)[number];

/** Caches of the topic drop `id`, or everything when there is none. */
export const configChanged = z.object({ id: z.string().optional() });
export type ConfigChanged = z.infer<typeof configChanged>;

/** How a subject is used: `event` is fan-out or queue group, `request` has a reply, `work` is an at-least-once work queue. */
export interface Subject<Payload, Reply = never> {
  readonly subject: string;
  readonly payload: z.ZodType<Payload>;
  readonly reply?: z.ZodType<Reply>;
}

const event = <Payload>(subject: string, payload: z.ZodType<Payload>): Subject<Payload> => ({
  subject,
  payload,
});

const request = <Payload, Reply>(
  subject: string,
  payload: z.ZodType<Payload>,
  reply: z.ZodType<Reply>,
): Subject<Payload, Reply> => ({ subject, payload, reply });

/** The catalogue of subjects. A function takes the variable token; pass `'*'` to subscribe to all. */
export const subjects = {
  chatChanged: (chatId: string) => event(`chat.${chatId}.changed`, chatChange),
  chatParts: (chatId: string) => event(`chat.${chatId}.parts`, chatParts),
  chatReady: () => event('chat.ready', chatReady),
  workerWake: (workerId: string) => event(`worker.${workerId}.wake`, workerWake),
  workerEpisode: (workerId: string): Subject<EpisodeRequest, EpisodeReply> => ({
    subject: `worker.${workerId}.episode`,
    payload: episodeRequest,
    reply: episodeReply,
  }),
  /** One worker answers, when the model has. */
  titlePropose: () => request('title.propose', titleProposalRequest, titleProposalReply),
  /** To all workers. */
  titleProposalDropped: () => event('title.proposal_dropped', titleProposalDropped),
  userChats: (userId: string) => event(`user.${userId}.chats`, watchEvent),
  configChanged: (topic: ConfigTopic | '*') => event(`config.${topic}.changed`, configChanged),
  /** A service to itself, to learn how long messages take. */
  serviceProbe: (serviceId: string) => event(`service.${serviceId}.probe`, nothing),
  /** A work queue. */
  pushTurnFinished: () => event('push.turn_finished', pushTurnFinished),
  webpushSubscribe: () => request('webpush.subscribe', webpushSubscribe, webpushSubscribeReply),
  webpushUnsubscribe: () => request('webpush.unsubscribe', webpushUnsubscribe, webpushUnsubscribeReply),
  webpushTest: () => request('webpush.test', webpushTest, webpushTestReply),
  webpushKey: () => request('webpush.key', nothing, webpushKeyReply),
  /** Somebody responds exactly while that user has a stream of that chat open. */
  presence: (userId: string, chatId: string) =>
    request(`presence.${userId}.${chatId}`, nothing, presenceReply),
  /** A work queue. */
  gitRefreshRequested: () => event('git.refresh_requested', gitRefreshRequested),
  gitDiff: () => request('git.diff', gitDiffRequest, gitDiffReply),
} as const;

/** The queue group in which workers share `chat.ready`. */
export const CHAT_WORKERS_GROUP = 'chat-workers';
