/**
 * The bus with the trace in its headers: what is published carries the present trace on, and a listener runs in the trace of its
 * message. Where there is no trace there is no header and no span; with tracing off the bus comes back as it is.
 *
 * Live parts are many: only the first batch of an episode, the one that brings the first token, is traced. A job carries the trace that
 * added it to whoever does it, however much later. Replies pass through.
 */
import type {
  Bus,
  JobListener,
  MessageListener,
  PublishOptions,
  RequestOptions,
  WorkQueue,
} from '@parley/bus';
import type { Subject } from '@parley/contracts';
import { TRACEPARENT } from './traceparent';
import { inSpan, type Tracer } from './tracer';

export function tracedBus(bus: Bus, tracer: Tracer): Bus {
  if (!tracer.isOn) return bus;
  return {
    publish: (subject, payload, options) => publish({ bus, tracer }, { subject, payload, options }),
    subscribe: (subject, listener, options) => bus.subscribe(subject, traced(tracer, listener), options),
    request: (subject, payload, options) => bus.request(subject, payload, withTrace(tracer, options)),
    respond: (subject, listener, options) => bus.respond(subject, listener, options),
    workQueue: (subject) => tracedQueue(bus.workQueue(subject), { tracer, subject: subject.subject }),
    get isConnected() {
      return bus.isConnected;
    },
    onReconnect: (listener) => bus.onReconnect(listener),
    drain: () => bus.drain(),
  };
}

interface Message<Payload> {
  readonly subject: Subject<Payload>;
  readonly payload: Payload;
  readonly options: PublishOptions | undefined;
}

function publish<Payload>(
  { bus, tracer }: { bus: Bus; tracer: Tracer },
  { subject, payload, options = {} }: Message<Payload>,
): void {
  if (tracer.present() === undefined || isLaterBatch(payload)) return bus.publish(subject, payload, options);
  const name = `publish ${nameOf(subject.subject)}`;
  const span = tracer.start(name, { kind: 'producer', attributes: { 'messaging.system': 'parley' } });
  const headers = { ...options.headers, [TRACEPARENT]: span.traceparent };
  try {
    bus.publish(subject, payload, { ...options, headers });
  } finally {
    span.end();
  }
}

function traced<Payload>(tracer: Tracer, listener: MessageListener<Payload>): MessageListener<Payload> {
  return (payload, context) => {
    const parent = context.headers[TRACEPARENT];
    if (parent === undefined) return tracer.within(null, () => listener(payload, context));
    const name = `receive ${nameOf(context.subject)}`;
    return inSpan(tracer, { name, kind: 'consumer', parent }, () => listener(payload, context));
  };
}

function tracedQueue<Payload>(
  queue: WorkQueue<Payload>,
  { tracer, subject }: { tracer: Tracer; subject: string },
): WorkQueue<Payload> {
  const add: WorkQueue<Payload>['add'] = (payload, options) => {
    if (tracer.present() === undefined) return queue.add(payload, options);
    return inSpan(tracer, { name: `add ${nameOf(subject)}`, kind: 'producer' }, ({ traceparent }) =>
      queue.add(payload, { ...options, headers: { ...options.headers, [TRACEPARENT]: traceparent } }),
    );
  };
  return {
    add,
    consume: (listener, options) => queue.consume(tracedJob(tracer, listener), options),
    deadLetters: (options) => queue.deadLetters(options),
  };
}

function tracedJob<Payload>(tracer: Tracer, listener: JobListener<Payload>): JobListener<Payload> {
  return (payload, job) => {
    const parent = job.headers[TRACEPARENT];
    if (parent === undefined) return tracer.within(null, () => listener(payload, job));
    const name = `receive ${nameOf(job.subject)}`;
    return inSpan(tracer, { name, kind: 'consumer', parent }, () => listener(payload, job));
  };
}

function withTrace(tracer: Tracer, options: RequestOptions): RequestOptions {
  const parent = tracer.present();
  if (parent === undefined) return options;
  return { ...options, headers: { ...options.headers, [TRACEPARENT]: parent } };
}

function isLaterBatch(payload: unknown): boolean {
  if (typeof payload !== 'object' || payload === null || !('first_seq' in payload)) return false;
  return payload.first_seq !== 1;
}

/** The subject without its ids, so that spans of a kind have one name. */
function nameOf(subject: string): string {
  return subject
    .split('.')
    .map((token) => (/\d/.test(token) ? '*' : token))
    .join('.');
}
