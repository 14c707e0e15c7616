/** Told when the client closes the connection before it has its reply. */
import type { FastifyReply } from 'fastify';

/** Runs `work` with a signal that aborts when the client really goes away: not when its request has been read, nor with the reply. */
export async function whileClientWaits<T>(
  reply: FastifyReply,
  work: (gone: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  const { raw } = reply;
  const onClose = (): void => gone.abort();
  if (raw.destroyed) onClose();
  raw.once('close', onClose);
  try {
    return await work(gone.signal);
  } finally {
    raw.removeListener('close', onClose);
  }
}
