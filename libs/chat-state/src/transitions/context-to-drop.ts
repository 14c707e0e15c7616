/** SQL over messages: its statement runs under a lock taken before. */
const BOUNDARY = `coalesce((
        select max(b.id) from chat_messages b
        where b.chat_id = l.id and b.compressed and not b.deleted and b.visibility <> 'user'), 0)`;

const seesAny = (roles: string) => `exists (
    select from chat_messages x
    where x.chat_id = l.id and ${roles} and not x.compressed and not x.deleted and x.visibility <> 'user'
      and x.id > ${BOUNDARY})`;

/** True when the model still sees anything but the system messages: the summary of a compaction is in its boundary. */
export const HAS_CONTEXT = `(${seesAny("x.role <> 'system'")} or exists (
    select from chat_messages x where x.chat_id = l.id and x.id = ${BOUNDARY} and x.content <> '[]'))`;

/** True when a summary would replace anything: messages of users that nobody has answered stay as they are. */
export const HAS_TO_SUMMARISE = seesAny("x.role in ('assistant', 'tool')");
