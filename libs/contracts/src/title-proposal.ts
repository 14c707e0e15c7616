/**
 * A proposal of a title on demand: what clients get, and what the gateway asks a worker for. The keys of the providers stay with the
 * workers, so that one of them asks the model; the gateway has checked who asks and what for.
 */
import { z } from 'zod';
import { chatErrorKind } from './chat';
import { text, uuid } from './strings';

/** The reply of `POST /chats/{chat}/title/propose`. */
export const titleProposal = z.object({ title: z.string() });
export type TitleProposal = z.infer<typeof titleProposal>;

export const titleProposalRequest = z.object({
  /** Made by the asker, to drop the proposal by. */
  proposal_id: uuid(),
  chat_id: uuid(),
  organization_id: uuid(),
  owner_id: uuid(),
  /** The model of the chat's turns. */
  model_config_id: uuid(),
  /** What to name. */
  conversation: text().max(16 * 1024),
});
export type TitleProposalRequest = z.infer<typeof titleProposalRequest>;

export const titleProposalReply = z.discriminatedUnion('result', [
  z.object({ result: z.literal('title'), title: z.string() }),
  /** The model answered, but with no title. */
  z.object({ result: z.literal('unusable') }),
  /** The model did not answer in time. */
  z.object({ result: z.literal('timeout') }),
  /** The asker gave it up. */
  z.object({ result: z.literal('dropped') }),
  /** This worker makes as many as it can, or stops. */
  z.object({ result: z.literal('busy') }),
  z.object({
    result: z.literal('failed'),
    kind: chatErrorKind,
    message: z.string(),
    detail: z.string().optional(),
  }),
]);
export type TitleProposalReply = z.infer<typeof titleProposalReply>;

/** Nobody waits for this proposal any more. */
export const titleProposalDropped = z.object({ proposal_id: uuid() });
export type TitleProposalDropped = z.infer<typeof titleProposalDropped>;
