/**
 * The table of legal moves: for every state and every transition, where it may lead, or `refused`.
 *
 * It is total by its type: a new state or a new transition does not compile until each of its cells is decided. The statements
 * beside it decide for themselves, from the locked row; `transitions.spec.ts` walks all cells against Postgres in both directions,
 * so table and statements cannot part. A cell with two states leads to the one or the other by the length of the queue.
 *
 * Beyond the state a transition may ask for more (room in the queue, the right runner, a deadline that has passed): a cell that is
 * not `refused` says where it leads when that is given.
 */
import type { ChatState } from './states';

export const TRANSITIONS = [
  'create',
  'send_queue',
  'send_interrupt',
  'edit',
  'delete_queued',
  'promote_queued',
  'interrupt',
  'complete_action',
  'request_compaction',
  'clear_context',
  'archive',
  'unarchive',
  'acquire',
  'release',
  'commit_step',
  'commit_compaction',
  'finish_compaction',
  'enter_action',
  'finish_turn',
  'finish_interruption',
  'record_retry',
  'fail',
  'cancel_action',
] as const;
export type Transition = (typeof TRANSITIONS)[number];

export type Cell = 'refused' | readonly [ChatState, ...ChatState[]];

const refused = 'refused';

// prettier-ignore
export const TRANSITION_TABLE: Record<ChatState | 'none', Record<Transition, Cell>> = {
  none: {
    create: ['running'], send_queue: refused, send_interrupt: refused,
    edit: refused, delete_queued: refused, promote_queued: refused,
    interrupt: refused, complete_action: refused, request_compaction: refused,
    clear_context: refused, archive: refused, unarchive: refused,
    acquire: refused, release: refused, commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: refused,
    fail: refused, cancel_action: refused,
    commit_compaction: refused, finish_compaction: refused,
  },
  waiting: {
    create: refused, send_queue: ['running'], send_interrupt: ['running'],
    edit: ['running'], delete_queued: refused, promote_queued: refused,
    interrupt: refused, complete_action: refused, request_compaction: ['running'],
    clear_context: ['waiting'], archive: ['archived:waiting'], unarchive: refused,
    acquire: refused, release: ['waiting'], commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: refused,
    fail: refused, cancel_action: refused,
    commit_compaction: refused, finish_compaction: refused,
  },
  running: {
    create: refused, send_queue: ['running+queue'], send_interrupt: ['interrupting+queue'],
    edit: ['running'], delete_queued: refused, promote_queued: refused,
    interrupt: ['interrupting'], complete_action: refused, request_compaction: refused,
    clear_context: refused, archive: refused, unarchive: refused,
    acquire: ['running'], release: ['running'], commit_step: ['running'], record_retry: ['running'],
    enter_action: ['requires_action'], finish_turn: ['waiting'], finish_interruption: refused,
    fail: ['error'], cancel_action: refused,
    commit_compaction: ['running'], finish_compaction: ['waiting'],
  },
  'running+queue': {
    create: refused, send_queue: ['running+queue'], send_interrupt: ['interrupting+queue'],
    edit: ['running'], delete_queued: ['running', 'running+queue'], promote_queued: ['interrupting+queue'],
    interrupt: ['interrupting+queue'], complete_action: refused, request_compaction: refused,
    clear_context: refused, archive: refused, unarchive: refused,
    acquire: ['running+queue'], release: ['running+queue'], commit_step: ['running+queue'], record_retry: ['running+queue'],
    enter_action: ['requires_action+queue'], finish_turn: ['running', 'running+queue'], finish_interruption: refused,
    fail: ['error+queue'], cancel_action: refused,
    commit_compaction: ['running+queue'], finish_compaction: ['running', 'running+queue'],
  },
  interrupting: {
    create: refused, send_queue: ['interrupting+queue'], send_interrupt: ['interrupting+queue'],
    edit: ['running'], delete_queued: refused, promote_queued: refused,
    interrupt: refused, complete_action: refused, request_compaction: refused,
    clear_context: refused, archive: refused, unarchive: refused,
    acquire: ['interrupting'], release: ['interrupting'], commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: ['waiting'],
    fail: refused, cancel_action: refused,
    commit_compaction: refused, finish_compaction: refused,
  },
  'interrupting+queue': {
    create: refused, send_queue: ['interrupting+queue'], send_interrupt: ['interrupting+queue'],
    edit: ['running'], delete_queued: ['interrupting', 'interrupting+queue'], promote_queued: ['interrupting+queue'],
    interrupt: refused, complete_action: refused, request_compaction: refused,
    clear_context: refused, archive: refused, unarchive: refused,
    acquire: ['interrupting+queue'], release: ['interrupting+queue'], commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: ['running', 'running+queue'],
    fail: refused, cancel_action: refused,
    commit_compaction: refused, finish_compaction: refused,
  },
  requires_action: {
    create: refused, send_queue: ['requires_action+queue'], send_interrupt: ['running'],
    edit: ['running'], delete_queued: refused, promote_queued: refused,
    interrupt: ['running'], complete_action: ['running'], request_compaction: refused,
    clear_context: refused, archive: refused, unarchive: refused,
    acquire: ['requires_action'], release: ['requires_action'], commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: refused,
    fail: refused, cancel_action: ['running'],
    commit_compaction: refused, finish_compaction: refused,
  },
  'requires_action+queue': {
    create: refused, send_queue: ['requires_action+queue'], send_interrupt: ['running+queue'],
    edit: ['running'], delete_queued: ['requires_action', 'requires_action+queue'], promote_queued: ['running', 'running+queue'],
    interrupt: ['running+queue'], complete_action: ['running+queue'], request_compaction: refused,
    clear_context: refused, archive: refused, unarchive: refused,
    acquire: ['requires_action+queue'], release: ['requires_action+queue'], commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: refused,
    fail: refused, cancel_action: ['running+queue'],
    commit_compaction: refused, finish_compaction: refused,
  },
  error: {
    create: refused, send_queue: ['running'], send_interrupt: ['running'],
    edit: ['running'], delete_queued: refused, promote_queued: refused,
    interrupt: refused, complete_action: refused, request_compaction: ['running'],
    clear_context: ['waiting'], archive: ['archived:error'], unarchive: refused,
    acquire: refused, release: ['error'], commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: refused,
    fail: refused, cancel_action: refused,
    commit_compaction: refused, finish_compaction: refused,
  },
  'error+queue': {
    create: refused, send_queue: ['running+queue'], send_interrupt: ['running+queue'],
    edit: ['running'], delete_queued: ['error', 'error+queue'], promote_queued: ['running', 'running+queue'],
    interrupt: refused, complete_action: refused, request_compaction: ['running+queue'],
    clear_context: refused, archive: ['archived:error+queue'], unarchive: refused,
    acquire: refused, release: ['error+queue'], commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: refused,
    fail: refused, cancel_action: refused,
    commit_compaction: refused, finish_compaction: refused,
  },
  'archived:waiting': {
    create: refused, send_queue: refused, send_interrupt: refused,
    edit: refused, delete_queued: refused, promote_queued: refused,
    interrupt: refused, complete_action: refused, request_compaction: refused,
    clear_context: refused, archive: refused, unarchive: ['waiting'],
    acquire: refused, release: refused, commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: refused,
    fail: refused, cancel_action: refused,
    commit_compaction: refused, finish_compaction: refused,
  },
  'archived:error': {
    create: refused, send_queue: refused, send_interrupt: refused,
    edit: refused, delete_queued: refused, promote_queued: refused,
    interrupt: refused, complete_action: refused, request_compaction: refused,
    clear_context: refused, archive: refused, unarchive: ['error'],
    acquire: refused, release: refused, commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: refused,
    fail: refused, cancel_action: refused,
    commit_compaction: refused, finish_compaction: refused,
  },
  'archived:error+queue': {
    create: refused, send_queue: refused, send_interrupt: refused,
    edit: refused, delete_queued: refused, promote_queued: refused,
    interrupt: refused, complete_action: refused, request_compaction: refused,
    clear_context: refused, archive: refused, unarchive: ['error+queue'],
    acquire: refused, release: refused, commit_step: refused, record_retry: refused,
    enter_action: refused, finish_turn: refused, finish_interruption: refused,
    fail: refused, cancel_action: refused,
    commit_compaction: refused, finish_compaction: refused,
  },
};

/** Whether a chat in `state` (`none`: no chat) may take `transition` at all. */
export function isLegal(state: ChatState | 'none', transition: Transition): boolean {
  return TRANSITION_TABLE[state][transition] !== 'refused';
}
