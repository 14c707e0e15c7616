/** Messages and bytes through NATS, from its monitoring port (`/varz`). */
export interface BusReading {
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly slowConsumers: number;
}

interface Varz {
  in_msgs: number;
  out_msgs: number;
  in_bytes: number;
  out_bytes: number;
  slow_consumers: number;
}

/** Null when it does not answer. */
export async function readBus(monitorUrl: string): Promise<BusReading | null> {
  try {
    const response = await fetch(`${monitorUrl}/varz`, { signal: AbortSignal.timeout(2_000) });
    const varz = (await response.json()) as Varz;
    return {
      messagesIn: varz.in_msgs,
      messagesOut: varz.out_msgs,
      bytesIn: varz.in_bytes,
      bytesOut: varz.out_bytes,
      slowConsumers: varz.slow_consumers,
    };
  } catch {
    return null;
  }
}
