/** The CLI's way to a server: address, key, and problems turned into failures that say what to do. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isObject, parseObject } from '@signalbox/model/text.ts'
import { Failure } from './failure.ts'

export interface Address {
  readonly url: string
  readonly key?: string | undefined
}

export interface Server {
  readonly url: string
  /** The parsed answer. `undefined` for 404. */
  get(path: string): Promise<unknown>
  /** Sends again, the same bytes, while the server is away or overloaded. */
  post(path: string, body: string): Promise<unknown>
}

export interface ConnectOptions extends Address {
  /** How long a request is tried again before giving up. */
  readonly patienceMs?: number
  /** Ends the patience. */
  readonly signal?: AbortSignal
  readonly sleep?: (ms: number) => Promise<unknown>
  readonly now?: () => number
  /** Told before each further try. */
  readonly onRetry?: (why: string) => void
}

const longestWaitMs = 5_000
/** A server commits or says no within ten seconds; one that holds a request for longer is gone. */
const answerWithinMs = 60_000
/** Whether it is alive is known at once, but for a machine that is very busy. */
export const aliveWithinMs = 15_000
const retryable = new Set([408, 429, 500, 502, 503, 504])

export function connect(options: ConnectOptions): Server {
  const { url, signal } = options
  const wait = options.sleep ?? ((ms) => sleep(ms, undefined, { signal }).catch(() => undefined))
  const now = options.now ?? Date.now
  const headers: Record<string, string> = options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }

  const request = async (path: string, init: RequestInit): Promise<Response> => {
    const until = now() + (options.patienceMs ?? 0)
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await fetch(`${url}${path}`, {
        ...init,
        headers: { ...headers, ...init.headers },
        signal: AbortSignal.timeout(answerWithinMs),
      }).catch((error: unknown) => asError(error))
      const again = outcome instanceof Error || retryable.has(outcome.status)
      const pauseMs = outcome instanceof Error ? backoffMs(attempt) : (retryAfterMs(outcome) ?? backoffMs(attempt))
      if (!again) return outcome
      if (now() + pauseMs > until || signal?.aborted === true) {
        if (outcome instanceof Error) throw unreachable(url, outcome)
        return outcome
      }
      options.onRetry?.(outcome instanceof Error ? 'the server does not answer' : `the server answers ${outcome.status}`)
      if (!(outcome instanceof Error)) await outcome.body?.cancel()
      await wait(pauseMs)
    }
  }

  return {
    url,
    async get(path) {
      const answer = await request(path, { method: 'GET' })
      if (answer.status === 404) {
        await answer.body?.cancel()
        return undefined
      }
      return read(answer)
    },
    async post(path, body) {
      return read(await request(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } }))
    },
  }
}

/** Says at once that nobody is there, instead of trying for minutes; and that it is somebody else. */
export async function mustAnswer({ url }: Address): Promise<void> {
  const answer = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(aliveWithinMs) })
    .then(async (response) => ({ server: response.ok && parseObject(await response.text())?.status === 'ok' }))
    .catch((error: unknown) => {
      throw unreachable(url, asError(error))
    })
  if (!answer.server) throw new Failure('unreachable', `What answers at ${url} is no Signalbox.`, 'Name the server with --url.')
}

async function read(answer: Response): Promise<unknown> {
  const text = await answer.text()
  const body = parse(text)
  if (answer.ok) return body
  const problem = isObject(body) ? body : {}
  const code = typeof problem.code === 'string' ? problem.code : String(answer.status)
  const detail = typeof problem.detail === 'string' ? problem.detail : text.slice(0, 200)
  const hint = typeof problem.hint === 'string' ? problem.hint : 'See the server’s log.'
  throw new Failure('refused', `The server refused ${new URL(answer.url).pathname}: ${code}: ${detail}`, hint)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const unreachable = (url: string, cause: Error) =>
  new Failure(
    'unreachable',
    `No Signalbox answers at ${url}${reasonOf(cause)}.`,
    'Start one with "npm start" in another terminal, or name another with --url.',
    { cause },
  )

/** What fetch keeps to itself, where it tells more than that nobody listens. */
function reasonOf({ name, cause }: Error): string {
  if (name === 'TimeoutError') return ' in time'
  const { code, message } = (cause ?? {}) as { code?: string; message?: string }
  return code === 'ECONNREFUSED' || (code ?? message) === undefined ? '' : ` (${code ?? message})`
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
/** Doubling, with up to half of it random, so that many senders do not come back at once. */
const backoffMs = (attempt: number) => Math.min(longestWaitMs, 200 * 2 ** attempt) * (0.5 + Math.random() / 2)

function retryAfterMs(answer: Response): number | undefined {
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? Math.min(longestWaitMs, seconds * 1_000) : undefined
}
