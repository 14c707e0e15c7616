/**
 * A page of messages that is bounded by bytes as well as by count: a history of large tool results must not be in memory at once
 * because somebody asked for 256 messages of it.
 */
import { messageColumns, type MessageRow } from '../rows/message-row';

export interface BoundedPage {
  /** On the message `m`. */
  readonly condition: string;
  readonly order: string;
  /** Parameters. */
  readonly limit: string;
  readonly maxBytes: string;
}

export type PageRow = MessageRow & { has_next: boolean };

/** What is stored uncompressed is as large as it says; only the rest is unpacked to be measured. */
const CONTENT_BYTES =
  'case when pg_column_compression(m.content) is null then pg_column_size(m.content) else octet_length(m.content::text) end';

/** The first messages in that order that fit, at least one when there is one; `has_next` of the last one says whether more follow. */
export function boundedPage({ condition, order, limit, maxBytes }: BoundedPage): string {
  return `select * from (
    select ${messageColumns('m')}, lead(m.id) over page is not null as has_next,
      row_number() over page = 1 or sum(${CONTENT_BYTES}) over page <= ${maxBytes} as fits
    from chat_messages m
    where ${condition} and not m.deleted and m.visibility <> 'model'
    window page as (order by ${order}) order by ${order} limit ${limit}) m
  where m.fits`;
}
