/**
 * A Messages answer as server-sent events: `message_start` with the input's usage, per block start, deltas (a thinking
 * block ends with its `signature_delta`) and stop, one `ping`, `message_delta` with stop reason and usage,
 * `message_stop`. Source: https://docs.claude.com/en/docs/build-with-claude/streaming
 */
import type { Answer, EventStream } from '../answer';
import { EventStreamBuilder } from '../event-stream-builder';
import {
  blockJson,
  type ContentBlock,
  contentBlocks,
  messageFields,
  stopFields,
  usageFields,
} from './content';
import { typeForStatus } from './error-body';

const PING = 'event: ping\ndata: {"type":"ping"}\n\n';
const MESSAGE_STOP = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';

type ToDelta = (text: string) => string;

function deltaOf(block: ContentBlock, index: number): ToDelta {
  const kind = { text: 'text', thinking: 'thinking', redacted_thinking: 'thinking', tool_use: 'input_json' }[
    block.type
  ];
  const field = kind === 'input_json' ? 'partial_json' : kind;
  const head = `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"${kind}_delta","${field}":`;
  return (text) => `${head}${JSON.stringify(text)}}}\n\n`;
}

function signatureDelta(signature: string, index: number): string {
  return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"signature_delta","signature":"${signature}"}}\n\n`;
}

export function streamMessage(answer: Answer, isHidden: boolean): EventStream {
  const builder = new EventStreamBuilder();
  const start = {
    ...messageFields(answer),
    content: [],
    container: null,
    diagnostics: null,
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    usage: { ...usageFields(answer, 1), output_tokens_details: null },
  };
  builder.structure(
    `event: message_start\ndata: ${JSON.stringify({ type: 'message_start', message: start })}\n\n`,
  );
  builder.endOpening();
  let lastDelta: ToDelta = () => PING;
  contentBlocks(answer, isHidden).forEach((block, index) => {
    builder.structure(
      `event: content_block_start\ndata: {"type":"content_block_start","index":${index},"content_block":${blockJson(block, true)}}\n\n`,
    );
    if (index === 0) builder.structure(PING);
    lastDelta = deltaOf(block, index);
    if (block.type === 'tool_use') builder.structure(lastDelta(''));
    for (const chunk of block.chunks) builder.chunk(lastDelta(chunk));
    if (block.type === 'thinking') builder.structure(signatureDelta(block.signature, index));
    builder.structure(`event: content_block_stop\ndata: {"type":"content_block_stop","index":${index}}\n\n`);
  });
  const end = {
    type: 'message_delta',
    delta: stopFields(answer),
    usage: usageFields(answer, answer.usage.outputTokens),
  };
  builder.structure(`event: message_delta\ndata: ${JSON.stringify(end)}\n\n${MESSAGE_STOP}`);
  return builder.finish({
    more: (text) => lastDelta(text),
    error: ({ type, message }) => {
      const body = {
        type: 'error',
        error: { type: type ?? typeForStatus(529), message },
        request_id: `req_${answer.id}`,
      };
      return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
    },
  });
}
