/**
 * A Responses answer as server-sent events, in the order the real API sends them: named events, each with `type` and a
 * `sequence_number` from 0; per output item added, its parts and deltas, done; at the end `response.completed` or
 * `response.incomplete`, and no `[DONE]`. Deltas are built by concatenation: they are the hot path under load.
 */
import type { Answer, EventStream } from '../answer';
import { EventStreamBuilder } from '../event-stream-builder';
import type { JsonObject } from '../json-fields';
import type { ModelRequest } from '../model-request';
import { type OutputItem, itemJson, outputItems, outputJson, partJson } from './output';
import { ResponseObject } from './response-object';

class ResponsesStream {
  readonly builder = new EventStreamBuilder();
  /** The next sequence number after each chunk, for an error that cuts the stream there. */
  readonly sequenceAfterChunk: number[] = [];
  lastDelta: { type: string; place: string } | undefined;
  private sequence = 0;

  /** @param fields JSON members, with a comma before each */
  event(type: string, fields: string): string {
    const number = this.sequence;
    this.sequence += 1;
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${number}${fields}}\n\n`;
  }

  structure(type: string, fields: string): void {
    this.builder.structure(this.event(type, fields));
  }

  delta(type: string, place: string, text: string): void {
    const logprobs = type === 'response.output_text.delta' ? ',"logprobs":[]' : '';
    this.builder.chunk(this.event(type, `${place},"delta":${JSON.stringify(text)}${logprobs}`));
    this.sequenceAfterChunk.push(this.sequence);
    this.lastDelta = { type, place };
  }

  /** The event that would come after the given number of chunks. */
  eventAfter(afterChunks: number, type: string, fields: string): string {
    this.sequence = this.sequenceAfterChunk[afterChunks - 1] ?? 2;
    return this.event(type, fields);
  }
}

function reasoning(
  stream: ResponsesStream,
  item: Extract<OutputItem, { type: 'reasoning' }>,
  outputIndex: number,
): void {
  const encrypted = item.encrypted === undefined ? '' : `,"encrypted_content":"${item.encrypted}"`;
  stream.structure(
    'response.output_item.added',
    `,"output_index":${outputIndex},"item":{"id":"${item.id}","type":"reasoning"${encrypted},"summary":[]}`,
  );
  item.parts.forEach((part, summaryIndex) => {
    const place = `,"item_id":"${item.id}","output_index":${outputIndex},"summary_index":${summaryIndex}`;
    const text = JSON.stringify(part.text);
    stream.structure(
      'response.reasoning_summary_part.added',
      `${place},"part":{"type":"summary_text","text":""}`,
    );
    for (const chunk of part.chunks) stream.delta('response.reasoning_summary_text.delta', place, chunk);
    stream.structure('response.reasoning_summary_text.done', `${place},"text":${text}`);
    stream.structure(
      'response.reasoning_summary_part.done',
      `${place},"part":{"type":"summary_text","text":${text}}`,
    );
  });
}

function message(
  stream: ResponsesStream,
  item: Extract<OutputItem, { type: 'message' }>,
  outputIndex: number,
): void {
  const kind = item.isRefusal ? 'response.refusal' : 'response.output_text';
  const place = `,"item_id":"${item.id}","output_index":${outputIndex},"content_index":0`;
  stream.structure(
    'response.output_item.added',
    `,"output_index":${outputIndex},"item":{"id":"${item.id}","type":"message","status":"in_progress","content":[],"role":"assistant"}`,
  );
  stream.structure('response.content_part.added', `${place},"part":${partJson('', item.isRefusal)}`);
  for (const chunk of item.chunks) stream.delta(`${kind}.delta`, place, chunk);
  const text = JSON.stringify(item.text);
  stream.structure(
    `${kind}.done`,
    item.isRefusal ? `${place},"refusal":${text}` : `${place},"text":${text},"logprobs":[]`,
  );
  stream.structure('response.content_part.done', `${place},"part":${partJson(item.text, item.isRefusal)}`);
}

function functionCall(
  stream: ResponsesStream,
  item: Extract<OutputItem, { type: 'function_call' }>,
  outputIndex: number,
): void {
  const place = `,"item_id":"${item.id}","output_index":${outputIndex}`;
  const started = {
    id: item.id,
    type: 'function_call',
    status: 'in_progress',
    arguments: '',
    call_id: item.callId,
    name: item.name,
  };
  stream.structure(
    'response.output_item.added',
    `,"output_index":${outputIndex},"item":${JSON.stringify(started)}`,
  );
  for (const chunk of item.chunks) stream.delta('response.function_call_arguments.delta', place, chunk);
  stream.structure(
    'response.function_call_arguments.done',
    `${place},"arguments":${JSON.stringify(item.text)},"name":${JSON.stringify(item.name)}`,
  );
}

function itemEvents(stream: ResponsesStream, item: OutputItem, outputIndex: number): void {
  switch (item.type) {
    case 'reasoning':
      reasoning(stream, item, outputIndex);
      break;
    case 'message':
      message(stream, item, outputIndex);
      break;
    case 'function_call':
      functionCall(stream, item, outputIndex);
      break;
  }
  stream.structure('response.output_item.done', `,"output_index":${outputIndex},"item":${itemJson(item)}`);
}

function finalStatus(answer: Answer): 'completed' | 'incomplete' {
  return answer.finish === 'length' || answer.finish === 'content_filter' ? 'incomplete' : 'completed';
}

export function streamResponse(answer: Answer, request: ModelRequest, body: JsonObject): EventStream {
  const items = outputItems(answer, request, body);
  const response = new ResponseObject(answer, body);
  const stream = new ResponsesStream();
  const started = `,"response":${response.json({ status: 'in_progress', output: '[]' })}`;
  stream.structure('response.created', started);
  stream.structure('response.in_progress', started);
  stream.builder.endOpening();
  items.forEach((item, index) => itemEvents(stream, item, index));
  const status = finalStatus(answer);
  stream.structure(
    `response.${status}`,
    `,"response":${response.json({ status, output: outputJson(items) })}`,
  );
  return stream.builder.finish({
    more: (text) => {
      const { type, place } = stream.lastDelta ?? { type: 'response.output_text.delta', place: '' };
      const event = stream.eventAfter(
        stream.sequenceAfterChunk.length,
        type,
        `${place},"delta":${JSON.stringify(text)},"logprobs":[]`,
      );
      stream.sequenceAfterChunk.push((stream.sequenceAfterChunk.at(-1) ?? 2) + 1);
      return event;
    },
    error: ({ type, message: text, afterChunks }) => {
      const code = type ?? 'server_error';
      const first = stream.eventAfter(
        afterChunks,
        'error',
        `,"code":${JSON.stringify(code)},"message":${JSON.stringify(text)},"param":null`,
      );
      const failed = response.json({ status: 'failed', output: '[]', error: { code, message: text } });
      return first + stream.event('response.failed', `,"response":${failed}`);
    },
  });
}

/** The body of a reply that is not streamed. */
export function wholeResponse(answer: Answer, request: ModelRequest, body: JsonObject): string {
  const items = outputItems(answer, request, body);
  return new ResponseObject(answer, body).json({ status: finalStatus(answer), output: outputJson(items) });
}
