/** What can be wrong with a chat, by name. The text after each kind is what it means to an operator. */
export const FINDING_KINDS = {
  hang: 'a turn did not end in time',
  turn_failed: 'a turn ended in an error',
  not_at_rest: 'a chat is not at rest after all its turns',
  part_hole: 'a live part is missing between two others',
  part_repeated: 'a live part came twice',
  part_stale: 'a live part came of an attempt that was over',
  part_lost: 'the streamed text lacks a piece that the committed one has',
  text_differs: 'the committed text is not what was streamed',
  answer_unstreamed: 'no part of an answer was streamed before it was committed',
  stream_cut: 'an answer was committed long before all of it was streamed',
  answers_not_streamed: 'of too many answers less than half was streamed before they were committed',
  wrong_text: 'the committed text is not what the model answered, or the user sent',
  answer_misplaced: 'a turn holds the answer of another one: a writer that should have been fenced off wrote',
  message_repeated: 'a committed message came twice on one stream',
  message_changed: 'a committed message came again with another content',
  message_out_of_order: 'a committed message came before an older one',
  client_failed: 'the public client gave up on a stream',
  watch_differs: 'one who watches the list of chats was last told another status',
  interrupt_ignored: 'the model went on answering long after a turn was stopped',
  partial_lost: 'an answer that had been seen to begin before it was stopped is not in the history',
  history_unread: 'the history could not be read, so that the oracle could not check it',
  viewers_differ: 'a viewer holds other messages than the history',
  compaction_missing: 'the history was not summarised though it had to be',
  compaction_doubled: 'the history was summarised more often than it had to be',
  report_differs: 'what a chat was told by a subagent is not what that one answered',
  children_differ: 'a chat has other subagents than its calls made',
  user_message_lost: 'a message that was accepted is not in the history',
  user_message_doubled: 'a message is in the history more than once',
  user_message_unknown: 'the history holds a message that should not be there',
  answer_missing: 'a turn has no answer in the history',
  answer_doubled: 'a turn has more assistant messages than steps',
  tool_result_missing: 'a tool call has no result in the history',
  tool_result_doubled: 'a tool call has more than one result in the history',
  tool_call_differs: 'a tool call in the history is not the one that the model made',
  tool_result_differs: 'a tool call has another result than its tool gave',
  tool_run_twice: 'a tool was run again for a call that had its result',
  model_call_lost: 'the model was never asked for a step of a turn',
  model_call_doubled: 'the model was asked twice for a step of a turn',
  model_call_out_of_order: 'the model was asked for a later turn before an earlier one',
  prompt_differs: 'the model was told another history than the chat has',
  model_refused: 'the model refused the prompt',
  server_error: 'a request was answered with a 5xx that no fault explains',
  reply_lost: 'a request got no reply, which no fault explains',
  stream_broken: 'a stream was ended without a word that invites back, which no fault explains',
  stream_malformed: 'a stream sent what is no event',
  viewer_missing: 'a viewer was not let back in to the end',
  ledger_incomplete: 'the mock forgot calls, so that the oracle could not check them',
} as const;
export type FindingKind = keyof typeof FINDING_KINDS;

export interface Finding {
  readonly kind: FindingKind;
  readonly chatId: string;
  /** Of the turn, when it is about one. */
  readonly key?: string;
  readonly detail: string;
}
