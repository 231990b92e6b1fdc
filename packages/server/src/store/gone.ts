/**
 * Ends a session of PostgreSQL, and what it holds, so long after its machine or network is gone. Where it waits for the rest of a statement
 * no time limit of PostgreSQL's own ends it, and TCP's are a quarter of an hour to two hours.
 */
export function endsWhenGone(afterMs: number): string {
  const probeSeconds = Math.max(1, Math.round(afterMs / 2_000))
  return `set tcp_user_timeout = ${afterMs}; set tcp_keepalives_idle = ${probeSeconds}; set tcp_keepalives_interval = ${probeSeconds}; set tcp_keepalives_count = 2`
}
