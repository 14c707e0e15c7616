/**
 * What the scenario knows to have happened in one chat, whoever else learned of it. The invariants are checked against it.
 *
 * Every text is unique, so that a text found twice was written twice, and a text not found was lost.
 */
import type { ChatHead, Done } from '../types';

export interface SentText {
  /** The version that accepted it. */
  version: number;
  queued: boolean;
  /** It did not take its place in the line: promoted, or passed the queue. */
  moved: boolean;
  /** Taken out of the queue again. */
  withdrawn: boolean;
}

export class Ledger {
  /** User messages that were accepted. */
  readonly sent = new Map<string, SentText>();
  /** Texts of refused sends and stale commits: they must not be found anywhere. */
  readonly refused = new Set<string>();
  /** Texts that workers committed. */
  readonly committed = new Set<string>();
  readonly edits: { version: number; messageId: number }[] = [];
  /** The runner that began each episode. */
  private readonly episodes = new Map<string, string>();
  private readonly versions = new Set<number>();

  /** Notes a transition that was done. Versions are gapless and none is given twice. */
  note(done: Done): void {
    const { change } = done;
    if (change.from_version !== change.version - 1)
      throw new Error(`A transition led from version ${change.from_version} to ${change.version}`);
    this.noteVersion(change.version);
  }

  noteVersion(version: number): void {
    if (this.versions.has(version)) throw new Error(`Two transitions made version ${version}`);
    this.versions.add(version);
  }

  /** A runner generates. Live parts are told apart by their episode, so no two runners may share one. */
  begin(head: ChatHead): void {
    if (head.status !== 'running' || head.openCalls.length > 0 || head.runnerId === null) return;
    const episode = `${head.historyVersion}.${head.generationAttempt}`;
    const runner = this.episodes.get(episode) ?? head.runnerId;
    if (runner !== head.runnerId) throw new Error(`Two runners began episode ${episode} of ${head.id}`);
    this.episodes.set(episode, runner);
  }
}
