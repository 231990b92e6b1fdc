/** One connection to the simulated database, as `pg.Client` is to its user: statements one after the other, errors in its words. */
import { EventEmitter } from 'node:events'
import type { Life } from '../life.ts'
import type { Time } from '../time.ts'
import { refusal } from './tables.ts'

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  readonly copies: readonly Buffer[]
}

/** The server's end. */
export interface Backend {
  /** Runs whether or not anybody still listens. */
  execute(statement: Statement): Promise<object[]>
  /** This statement has run: the fault that waits for it strikes before it is answered. */
  losesAnswer(statement: Statement): boolean
}

export interface SimulatedClient {
  connect(): Promise<void>
  query(statement: unknown, values?: readonly unknown[]): Promise<{ rows: object[]; rowCount: number }> | undefined
  end(): Promise<void>
  on(event: string, run: (...given: unknown[]) => void): unknown
  readonly connection: { readonly stream: { destroy(): void } }
  /** It breaks, and who uses it is told. */
  cut(): void
  /** Nothing passes any more, and nobody is told. */
  silence(): void
  readonly isOpen: () => boolean
}

interface Submitted {
  submit(connection: object): void
  handleError(error: Error): void
  handleReadyForQuery(): void
}

interface Query {
  readonly statement: Statement
  readonly settle: (rows: object[]) => void
  readonly fail: (error: Error) => void
}

interface ClientOptions {
  readonly life: Life
  readonly time: Time
  readonly connectTimeoutMs: number
  /** Undefined: it does not answer. Rejects where it refuses. */
  readonly open: () => Promise<Backend | undefined>
  /** ms of one way. */
  readonly delay: () => number
  readonly onClose: () => void
  /** A bug: what is lost of such a statement is taken for done. */
  readonly takesLossForDone: (statement: Statement) => boolean
}

/** TCP finds a dead peer. */
const keepAliveMs = 30_000

const isSubmitted = (given: unknown): given is Submitted => typeof given === 'object' && given !== null && 'submit' in given

/** What a bulk message says when it is told to write itself. */
function recorded(submitted: Submitted): Statement {
  let text = ''
  const copies: Buffer[] = []
  let written: Buffer[] = []
  submitted.submit({
    stream: { cork() {}, uncork() {}, write: (bytes: Buffer) => written.push(bytes) },
    query(said: string) {
      text = said
    },
    endCopyFrom() {
      const message = Buffer.concat(written)
      written = []
      // CopyData: its kind, and a length that counts itself.
      if (message[0] !== 'd'.charCodeAt(0) || message.readInt32BE(1) !== message.length - 1)
        throw new Error('What was written is not one message of CopyData.')
      copies.push(message.subarray(5))
    },
  })
  return { text, values: [], copies }
}

export function createClient({ life, time, connectTimeoutMs, open, delay, onClose, takesLossForDone }: ClientOptions): SimulatedClient {
  const events = new EventEmitter()
  let state: 'new' | 'connecting' | 'open' | 'closed' = 'new'
  let isSilent = false
  let isEnding = false
  let backend: Backend | undefined
  let failConnect: ((error: Error) => void) | undefined
  let queue: Query[] = []
  let active: Query | undefined
  let ended = () => {}

  /** The process learns of it in a turn of its own. */
  function close(error: Error): void {
    if (state === 'closed') return
    const was = state
    state = 'closed'
    onClose()
    life.after(0, () => {
      ended()
      const all = [...(active === undefined ? [] : [active]), ...queue]
      active = undefined
      queue = []
      for (const { statement, settle, fail } of all) takesLossForDone(statement) ? settle([]) : fail(error)
      if (was === 'connecting') failConnect?.(error)
      else if (was === 'open' && !isEnding) events.emit('error', error)
    })
  }

  function next(): void {
    if (active !== undefined || state !== 'open') return
    active = queue.shift()
    const mine = active
    if (mine === undefined) {
      if (isEnding) close(new Error('Connection terminated'))
      return
    }
    if (!life.acts()) return
    time.after(delay(), () => void arrive(mine))
  }

  /** At the server. It goes on with what it has begun, whoever has gone. */
  async function arrive(mine: Query): Promise<void> {
    if (state !== 'open' || isSilent || backend === undefined) return
    let answer: () => void
    try {
      const rows = await backend.execute(mine.statement)
      answer = () => mine.settle(rows)
    } catch (error) {
      if ((error as { code?: unknown }).code === undefined) return time.crash(error)
      answer = () => mine.fail(error as Error)
    }
    if (backend.losesAnswer(mine.statement)) cut()
    time.after(delay(), () => {
      if (state !== 'open' || isSilent || !life.isAlive()) return
      active = undefined
      answer()
      next()
    })
  }

  function cut(): void {
    if (state === 'connecting' || state === 'open')
      close(Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' }))
  }

  function ask(statement: Statement): Promise<object[]> {
    return new Promise((settle, fail) => {
      if (state === 'closed' || isEnding) {
        life.after(0, () => fail(new Error('Client was closed and is not queryable')))
        return
      }
      queue.push({ statement, settle, fail })
      next()
    })
  }

  life.onDeath(() => {
    if (state === 'closed') return
    state = 'closed'
    onClose()
  })

  return {
    connect() {
      state = 'connecting'
      return new Promise((resolve, reject) => {
        failConnect = reject
        if (!life.acts()) return
        life.after(connectTimeoutMs, () => state === 'connecting' && close(new Error('timeout expired')))
        time.after(delay(), async () => {
          try {
            const opened = await open()
            if (opened === undefined || state !== 'connecting' || isSilent || !life.isAlive()) return
            backend = opened
            state = 'open'
            resolve()
          } catch (error) {
            close(error as Error)
          }
        })
      })
    },
    query(given, values) {
      if (isSubmitted(given)) {
        ask(recorded(given)).then(
          () => given.handleReadyForQuery(),
          (error: Error) => given.handleError(error),
        )
        return undefined
      }
      const { text, values: own } = typeof given === 'string' ? { text: given, values } : (given as Statement)
      return ask({ text, values: own ?? [], copies: [] }).then((rows) => ({ rows, rowCount: rows.length }))
    },
    end() {
      isEnding = true
      if (state !== 'open') {
        close(new Error('Connection terminated'))
        return Promise.resolve()
      }
      return new Promise((resolve) => {
        ended = resolve
        next()
      })
    },
    on: (event, run) => events.on(event, run),
    connection: { stream: { destroy: () => close(new Error('Connection terminated unexpectedly')) } },
    cut,
    silence() {
      isSilent = true
      time.after(keepAliveMs, cut)
    },
    isOpen: () => state === 'open',
  }
}

export const refusesConnections = (): Error => refusal('ECONNREFUSED', 'connect ECONNREFUSED')
