/**
 * A worker without a model: it keeps the rules of a worker, and what a model would answer is a matter of `pick`.
 *
 * It believes what it was told last: the heads of the chats it holds are as old as the last answer or wake. It may be killed at any
 * point, and lose its lease without noticing. A stale write makes it drop the chat.
 */
import { randomUUID } from 'node:crypto';
import type { WorkerWake } from '@parley/contracts';
import { readChat, readOwnedRunnable } from '../reads/read-chat';
import { acquire } from '../transitions/acquire';
import { acquireRunnable } from '../transitions/acquire-runnable';
import { release } from '../transitions/release';
import { releaseAll } from '../transitions/release-all';
import type { ChatHead, ChatStore, Done, Stale } from '../types';
import { renewLease, retireWorker } from '../worker-lease';
import { chooseWrite } from './model-turn';
import type { Fate, WorkerAction } from './scenario';
import type { World } from './world';

const LONG_LEASE_MS = 3_600_000;
const SWEEP_LIMIT = 10;

export class ModelWorker {
  id = randomUUID();
  /** The ids of its earlier lives, whose leases still count. */
  readonly graves: string[] = [];
  private readonly held = new Map<string, ChatHead>();
  /** One runner a chat: it does one thing at a time. */
  private readonly busy = new Set<string>();
  private process: ChatStore['database'];

  constructor(private readonly world: World) {
    this.process = world.process();
  }

  async act(command: { action: WorkerAction; pick: number; fate: Fate }): Promise<void> {
    switch (command.action) {
      case 'sweep':
        return this.sweep(command.fate);
      case 'look_after_own':
        return this.lookAfterOwn();
      case 'step':
        return this.stepAny(command);
      case 'release':
        return this.alone(this.choose(command.pick), (head) => this.release(head));
      case 'stop':
        await this.releaseAll(this.id);
        return this.kill();
      case 'kill':
        return this.kill();
      case 'lose_lease':
        return retireWorker(this.world.database, this.id);
      case 'renew':
        return this.register(this.id);
    }
  }

  private register(workerId: string): Promise<void> {
    return renewLease(this.world.database, { workerId, hostname: 'model', leaseMs: LONG_LEASE_MS });
  }

  /** All memory is gone; the old lease runs on. The next process has another id, and registers before it does anything. */
  async kill(): Promise<void> {
    this.graves.push(this.id);
    this.held.clear();
    const next = randomUUID();
    await this.register(next);
    this.held.clear();
    this.process = this.world.process();
    this.id = next;
  }

  async sweep(fate: Fate = 'seen'): Promise<void> {
    const workerId = this.id;
    const heads = await acquireRunnable(this.world.store(fate, this.process), {
      workerId,
      limit: SWEEP_LIMIT,
    });
    for (const head of heads) this.world.chat(head.id)?.ledger.noteVersion(head.version);
    if (fate === 'lost') return this.kill();
    for (const head of heads) this.hold(head, workerId);
  }

  /** The net under lost wakes. */
  async lookAfterOwn(): Promise<void> {
    for (const { chatId, version } of await readOwnedRunnable(this.world.database, { workerId: this.id })) {
      const head = this.held.get(chatId);
      if (head === undefined) await this.acquire(chatId);
      else if (head.version < version) await this.refresh(chatId);
    }
  }

  async acquire(chatId: string): Promise<void> {
    const workerId = this.id;
    const head = await acquire(this.world.store('seen', this.process), { workerId, chatId });
    if (head === null) return;
    this.world.chat(chatId)?.ledger.noteVersion(head.version);
    this.hold(head, workerId);
  }

  /** A wake with its change needs no read when it follows the version at hand. */
  async wake({ chat_id, version, change }: WorkerWake): Promise<void> {
    const head = this.held.get(chat_id);
    if (head === undefined) return this.acquire(chat_id);
    if (version <= head.version) return;
    if (change?.from_version !== head.version) return this.refresh(chat_id);
    // Running without a question: the marker of a compaction is in the row.
    const isQuestioned = change.messages?.some((message) => message.role === 'user') === true;
    if (head.status !== change.status && !isQuestioned) return this.refresh(chat_id);
    this.hold(
      {
        ...head,
        version,
        status: change.status,
        historyVersion: change.history_version,
        generationAttempt: change.generation_attempt,
        openCalls: change.open_calls ?? head.openCalls,
      },
      this.id,
    );
  }

  /** Gives back what a worker owned, this one or a dead one. */
  async releaseAll(workerId: string): Promise<void> {
    // Each released chat has a new version; `releaseAll` does not say which.
    await releaseAll(this.world.store('seen', this.process), { workerId });
  }

  /** The chats it holds in which there is something to do. */
  atWork(): ChatHead[] {
    return this.heads().filter((head) => head.status !== 'waiting' && head.status !== 'error');
  }

  private heads(): ChatHead[] {
    return [...this.held.values()];
  }

  private async refresh(chatId: string): Promise<void> {
    const held = this.held.get(chatId);
    const head = await readChat(this.world.database, { chatId });
    if (head === null || held === undefined || head.runnerId !== held.runnerId) this.held.delete(chatId);
    else this.hold(head, this.id);
  }

  /** Only the process that asked may keep the answer: it could have been killed meanwhile. */
  private hold(head: ChatHead, workerId: string): void {
    if (workerId !== this.id) return;
    const known = this.held.get(head.id);
    if (known?.runnerId === head.runnerId && known.version > head.version) return;
    this.held.set(head.id, head);
    this.world.chat(head.id)?.ledger.begin(head);
  }

  /** Works on one of its chats; a worker without work looks for some. */
  private stepAny(command: { pick: number; fate: Fate }): Promise<void> {
    const atWork = this.atWork();
    const head = atWork[command.pick % atWork.length];
    if (head === undefined) return this.sweep(command.fate);
    return this.step(head, { ...command, pick: Math.floor(command.pick / 2) });
  }

  /** One step of a chat that it holds. */
  step(head: ChatHead, command: { pick: number; fate: Fate }): Promise<void> {
    return this.alone(head, () => this.write(head, command));
  }

  private choose(pick: number): ChatHead | undefined {
    return this.heads()[pick % this.held.size];
  }

  private async alone(head: ChatHead | undefined, work: (head: ChatHead) => Promise<void>): Promise<void> {
    if (head === undefined || this.busy.has(head.id)) return;
    this.busy.add(head.id);
    try {
      await work(head);
    } finally {
      this.busy.delete(head.id);
    }
  }

  private async write(head: ChatHead, { pick, fate }: { pick: number; fate: Fate }): Promise<void> {
    const workerId = this.id;
    const write = chooseWrite({ world: this.world, head, pick });
    if (write === null) return;
    const once = (process = this.process): Promise<Done | Stale> =>
      write.run(this.world.store(fate, process));
    const results = await Promise.all(fate === 'repeated' ? [once(), once(this.world.process())] : [once()]);
    const done = results.filter((result) => result.ok);
    if (done.length > 1 && !write.mayRepeat) throw new Error('A write that was repeated was done twice');
    if (done.some((result) => result.chat.runnerId !== head.runnerId))
      throw new Error('A runner that had lost its chat wrote to it');
    const ledger = this.world.chat(head.id)?.ledger;
    for (const result of done) ledger?.note(result);
    for (const text of write.texts) (done.length > 0 ? ledger?.committed : ledger?.refused)?.add(text);
    if (fate === 'lost') return this.kill();
    const last = done.toSorted((a, b) => a.chat.version - b.chat.version).at(-1);
    if (last !== undefined) this.hold(last.chat, workerId);
    else if (this.held.get(head.id)?.version === head.version) this.held.delete(head.id);
  }

  private async release(head: ChatHead): Promise<void> {
    if (head.runnerId === null) return;
    const { id: chatId, runnerId } = head;
    const result = await release(this.world.store('seen', this.process), { chatId, runnerId });
    if (result.ok) this.world.chat(chatId)?.ledger.note(result);
    this.held.delete(chatId);
  }
}
