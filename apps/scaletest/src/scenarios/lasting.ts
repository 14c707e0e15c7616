/** An answer of the load's kind that lasts so long at least, whatever the load's own shape. */
import type { AnswerShape } from '../answer-shape';

const MIN_CHUNKS = 20;

export function lasting(shape: AnswerShape, ms: number): AnswerShape {
  const chunks = Math.max(MIN_CHUNKS, shape.chunks);
  return { ...shape, chunks, chunkMs: Math.max(shape.chunkMs, Math.ceil(ms / chunks)) };
}
