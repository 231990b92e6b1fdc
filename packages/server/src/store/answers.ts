import pg from 'pg'

/** No PostgreSQL takes connections there. */
export class NoAnswer extends Error {}

/** Waits until a PostgreSQL that is starting or recovering takes connections. */
export async function untilAnswers(url: string, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.end()
      return
    } catch (cause) {
      // 57P03: starting up or recovering.
      const { code } = cause as { code?: string }
      if (Date.now() > until || (code !== 'ECONNREFUSED' && code !== '57P03')) {
        throw new NoAnswer(`PostgreSQL does not answer: ${(cause as Error).message}. Check DATABASE_URL, or the log in the data folder.`, {
          cause,
        })
      }
      await new Promise((resume) => setTimeout(resume, 10))
    }
  }
}
