/** SQL over one item of `l.queue`, found by its id in $3. */
const VARIABLES = "jsonb_build_object('id', $3::bigint)";

/** The item, or NULL. */
export const QUEUE_ITEM = `jsonb_path_query_first(l.queue, '$[*] ? (@.id == $id)', ${VARIABLES})`;

/** The queue without it. */
export const QUEUE_REST = `jsonb_path_query_array(l.queue, '$[*] ? (@.id != $id)', ${VARIABLES})`;
