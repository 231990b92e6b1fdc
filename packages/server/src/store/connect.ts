import pg from 'pg'

/** A connection of one's own beside the pool's; it is not opened yet. */
export type NewClient = (name: string, timeoutMs: number) => pg.Client

/** `name` is what PostgreSQL lists it as, `timeoutMs` how long it may take to open. */
export const clientsOf =
  (url: string): NewClient =>
  (name, timeoutMs) =>
    new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs, keepAlive: true, application_name: name })
