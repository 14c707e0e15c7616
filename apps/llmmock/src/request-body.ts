import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error';

/** So much of an oversized body is still read, so that the client is ready to read the refusal. */
const DRAINED_TIMES_LIMIT = 4;

/**
 * The whole body as text.
 * @throws ApiError (413) when it is over the limit
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<{ text: string; bytes: number }> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const tooLarge = (): ApiError =>
      new ApiError(413, { message: `Request exceeds the maximum size of ${maxBytes} bytes` });
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes <= maxBytes) parts.push(part);
      else parts.length = 0;
      if (bytes > maxBytes * DRAINED_TIMES_LIMIT) reject(tooLarge());
    });
    request.once('end', () => {
      if (bytes > maxBytes) return reject(tooLarge());
      const [only] = parts;
      resolve({
        text: (parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)).toString(),
        bytes,
      });
    });
    request.once('error', reject);
    request.once('close', () =>
      reject(new Error('the client closed the connection before its request was complete')),
    );
  });
}
