/**
 * Tells when a view of a chat is one that somebody may look at.
 *
 * A step of a chat comes as several events: its messages, then the state that goes with them, last `preview_reset` when the
 * answer in the making is over. Between them a view shows a committed answer beside its own preview, or beside the status of before. They
 * may come apart: a long history is sent page by page, and the network cuts where it likes. What tells where a step ends is the
 * cursor: all events of a step stand at the version before it, the last one at the version that it leads to.
 */
import type { PlacedEvent } from './open-stream';

export class Settling {
  private hasAll = true;
  private version = '0';

  /** False while more events of a step are on their way. */
  get isSettled(): boolean {
    return this.hasAll;
  }

  take(event: PlacedEvent): void {
    const { cursor } = event;
    // Who sends no cursors does not tell.
    if (cursor === undefined) {
      this.hasAll = true;
      return;
    }
    const [version = ''] = cursor.split('.', 1);
    this.hasAll = isLast(event) ?? version !== this.version;
    this.version = version;
  }
}

/** By its type alone; undefined where only the cursor tells. */
function isLast({ type }: PlacedEvent): boolean | undefined {
  switch (type) {
    case 'message_part':
    case 'preview_reset':
      return true;
    // The state of the messages follows, also where the version before passed by without an event.
    case 'message':
    case 'history_reset':
      return false;
    case 'status':
    case 'error':
    case 'queue_update':
    case 'retry':
    case 'action_required':
      return undefined;
  }
}
