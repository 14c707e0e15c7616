/**
 * The dead letters of one work queue: a bounded stream that forgets the oldest. The job's payload is kept byte for byte;
 * why it died is in headers.
 */
import {
  DiscardPolicy,
  jetstream,
  JetStreamApiError,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { headers as createHeaders, nanos } from '@nats-io/transport-node';
import type { DeadLetter, DeadLetters } from './bus';
import type { NatsLink } from './nats-link';

const MAX_LETTERS = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_AGE_MS = 14 * 24 * 3_600_000;
const MAX_REASON_LENGTH = 500;
const MESSAGE_ID = 'Parley-Message-Id';
const DELIVERIES = 'Parley-Deliveries';
const REASON = 'Parley-Reason';
const NO_MESSAGE_FOUND = 10037;

export class DeadLetterStream {
  private readonly name: string;
  private readonly subject: string;

  constructor(
    private readonly link: NatsLink,
    private readonly queue: { readonly subject: string; readonly replicas: number },
  ) {
    this.name = `dead-${queue.subject.replaceAll('.', '-')}`;
    this.subject = `dead.${queue.subject}`;
  }

  async create(manager: JetStreamManager): Promise<void> {
    await manager.streams.add({
      name: this.name,
      subjects: [this.subject],
      discard: DiscardPolicy.Old,
      max_msgs: MAX_LETTERS,
      max_bytes: MAX_BYTES,
      max_age: nanos(MAX_AGE_MS),
      num_replicas: this.queue.replicas,
    });
  }

  /** Stores the letter once, also when it is buried twice. */
  async bury(job: JsMsg, messageId: string, reason: string): Promise<void> {
    const headers = createHeaders();
    headers.set(MESSAGE_ID, messageId);
    headers.set(DELIVERIES, String(job.info.deliveryCount));
    headers.set(REASON, JSON.stringify(reason.slice(0, MAX_REASON_LENGTH)));
    await jetstream(this.link.connection).publish(this.subject, job.data, {
      headers,
      msgID: `${job.info.streamSequence}`,
    });
  }

  async read(manager: JetStreamManager, limit: number): Promise<DeadLetters> {
    const { state } = await manager.streams.info(this.name);
    if (state.messages === 0) return { count: 0, letters: [] };
    const letters: DeadLetter[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq && letters.length < limit; seq += 1) {
      const letter = await this.readOne(manager, seq);
      if (letter) letters.push(letter);
    }
    return { count: state.messages, letters };
  }

  /** Undefined when the letter was removed meanwhile. */
  private async readOne(manager: JetStreamManager, seq: number): Promise<DeadLetter | undefined> {
    try {
      const stored = await manager.streams.getMessage(this.name, { seq });
      if (!stored) return undefined;
      return {
        messageId: stored.header.get(MESSAGE_ID),
        payload: parsed(stored.string()),
        deliveries: Number(stored.header.get(DELIVERIES)),
        reason: String(parsed(stored.header.get(REASON))),
        failedAt: stored.time,
      };
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_MESSAGE_FOUND) return undefined;
      throw error;
    }
  }
}

/** A letter may be dead because it was not JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
