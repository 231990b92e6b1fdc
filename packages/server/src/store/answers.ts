import pg from 'pg'

/** No PostgreSQL takes connections there. */
export class NoAnswer extends Error {}

/** Where it is looked for; never with the password. */
export interface Awaited {
  readonly host: string
  readonly port: number
  readonly code: string
  readonly timeoutMs: number
}

/** Nobody there yet, a proxy in front of nobody, or (57P03) one that is starting up or recovering. */
const passing = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', '57P03'])
/** The client's own errors have no code. */
const isPassing = (code: string | undefined, message: string) =>
  code === undefined ? /^(Connection terminated|timeout expired)/.test(message) : passing.has(code)

/** Waits at most `timeoutMs` until a PostgreSQL that is starting or recovering takes connections. `onWait` is told once, when it must wait. */
export async function untilAnswers(url: string, timeoutMs: number, onWait: (awaited: Awaited) => void = () => {}): Promise<void> {
  let tell = onWait
  const until = performance.now() + timeoutMs
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.end()
      return
    } catch (cause) {
      const { code, message } = cause as { code?: string; message: string }
      if (performance.now() > until || !isPassing(code, message)) {
        throw new NoAnswer(`PostgreSQL does not answer: ${message || code}. Check DATABASE_URL, or the log in the data folder.`, {
          cause,
        })
      }
      tell({ host: client.host, port: client.port, code: code ?? message, timeoutMs })
      tell = () => {}
      await new Promise((resume) => setTimeout(resume, 10))
    }
  }
}
