/** Which worker writes a log: its id is nowhere else told together with its process. */

const WORKS = /^\{.*"pid":(\d+),.*"worker_id":"([0-9a-f-]{36})","msg":"Works"\}$/m;
/** From then on it owns chats under an id that it does not tell. */
const FENCED = '"msg":"The lease ran out: stopping all runners"';

/**
 * @param log of one process, from its start
 * @throws Error when that process is not up, or goes under another id by now
 */
export function workerIdIn(log: string, worker: { name: string; livePids: readonly number[] }): string {
  const { name, livePids } = worker;
  const [, pid, id] = WORKS.exec(log) ?? [];
  if (id === undefined || !livePids.includes(Number(pid))) throw new Error(`${name} is not up`);
  if (log.includes(FENCED)) throw new Error(`${name} lost its lease: its new id is not known`);
  return id;
}
