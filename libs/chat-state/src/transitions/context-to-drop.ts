/**
 * SQL that is true when the model still sees anything but the system messages and the newest boundary. It reads messages, so its
 * statement runs under a lock taken before.
 */
export const HAS_CONTEXT = `exists (
    select from chat_messages x
    where x.chat_id = l.id and x.role <> 'system' and not x.compressed and not x.deleted and x.visibility <> 'user'
      and x.id > coalesce((
        select max(b.id) from chat_messages b
        where b.chat_id = l.id and b.compressed and not b.deleted and b.visibility <> 'user'), 0))`;
