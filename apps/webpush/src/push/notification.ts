/**
 * What a browser shows. The service worker of the page gets this JSON; push services need not carry more than 4,096 bytes of
 * encrypted message (RFC 8030, section 7.2), so the body is cut until the whole fits.
 */
import type { PushTurnFinished } from '@parley/contracts';

export interface Notification {
  readonly title: string;
  readonly body: string;
  readonly icon: string;
  readonly actions: readonly { readonly label: string; readonly url: string }[];
  /** A notification with the tag of another replaces it: the same turn is never shown twice. */
  readonly tag: string;
  readonly data: { readonly url: string };
}

/** 4,096 less the header (86), the tag (16) and the delimiter (1) of aes128gcm with a P-256 key (RFC 8188, RFC 8291). */
export const MAX_PAYLOAD_BYTES = 3_993;

/** More does not fit on any screen. */
const MAX_TITLE_CHARACTERS = 120;
const ICON = '/favicon.ico';

const WITHOUT_TEXT = {
  finish: 'The answer is ready.',
  error: 'The answer could not be completed.',
  requires_action: 'The chat waits for you.',
} as const;

export function turnNotification(job: PushTurnFinished): Notification {
  const url = `/agents/${job.chat_id}`;
  const text = job.text.replace(/\s+/g, ' ').trim();
  return {
    title: cut(job.title.trim(), MAX_TITLE_CHARACTERS) || 'Chat',
    body: text === '' ? WITHOUT_TEXT[job.kind] : text,
    icon: ICON,
    actions: [{ label: 'Open', url }],
    tag: `chat-${job.chat_id}-${job.history_version}`,
    data: { url },
  };
}

export const TEST_NOTIFICATION: Notification = {
  title: 'Parley',
  body: 'Notifications work in this browser.',
  icon: ICON,
  actions: [],
  tag: 'parley-test',
  data: { url: '/' },
};

/** JSON of at most MAX_PAYLOAD_BYTES, with as much of the body as fits. */
export function encodeNotification(notification: Notification): string {
  const whole = JSON.stringify(notification);
  if (Buffer.byteLength(whole) <= MAX_PAYLOAD_BYTES) return whole;
  const characters = [...notification.body];
  let [fits, tooMany] = [0, characters.length];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (Buffer.byteLength(withBody(notification, characters, middle)) <= MAX_PAYLOAD_BYTES) fits = middle;
    else tooMany = middle;
  }
  return withBody(notification, characters, fits);
}

function withBody(notification: Notification, characters: readonly string[], count: number): string {
  return JSON.stringify({ ...notification, body: `${characters.slice(0, count).join('').trimEnd()}…` });
}

/** By code points, so that no character is split. */
function cut(text: string, maxCharacters: number): string {
  const characters = [...text];
  return characters.length <= maxCharacters ? text : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}
