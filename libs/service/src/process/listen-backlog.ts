/**
 * How many connections may wait to be accepted; the system allows fewer where `net.core.somaxconn` says so. With Node's own 511 a crowd that
 * comes at once finds it full: the kernel answers with cookies, forgets whom it could not queue, and resets them when they speak.
 */
export const LISTEN_BACKLOG = 4096;
