/** What each way to a feed owes: `onFrame` for every frame, then one of `onLost` and `onRefused` at most once. A cursor of one continues on any other. */
import type { FeedKind, Filter, ServerFrame } from '@signalbox/model/live.ts'
import { refusals } from '@signalbox/model/refusals.ts'

export type TransportName = 'ws' | 'sse' | 'poll'

export interface Wanted {
  readonly url: string
  readonly key?: string | undefined
  readonly feed: FeedKind
  readonly filter: Filter
  readonly cursor?: string | undefined
  readonly fromStart?: boolean | undefined
}

export interface Listener {
  onOpen(): void
  onFrame(frame: ServerFrame): void
  onLost(reason: string): void
  /** Asking the same again will get the same answer. */
  onRefused(refusal: FeedRefused): void
}

export interface Connection {
  close(): void
}

export function queryOf({ feed, filter, cursor, fromStart }: Wanted): URLSearchParams {
  const query = new URLSearchParams({ feed })
  for (const [name, values] of Object.entries(filter))
    for (const value of (values as readonly string[] | undefined) ?? []) query.append(name, value)
  if (cursor !== undefined) query.set('cursor', cursor)
  if (fromStart === true && cursor === undefined) query.set('from', 'start')
  return query
}

export const headersOf = (key: string | undefined): Record<string, string> => (key === undefined ? {} : { authorization: `Bearer ${key}` })

/** The server will not serve this feed however often it is asked: a wrong cursor, filter or key. `code` is one of model/refusals.ts. */
export class FeedRefused extends Error {
  override readonly name = 'FeedRefused'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export function refusalOf(code: string, message: string): FeedRefused | undefined {
  const known = Object.entries(refusals).find(([name]) => name === code)
  return known !== undefined && !known[1].retryable ? new FeedRefused(code, message) : undefined
}

const codes: { readonly [status: number]: string } = { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN' }

/** Undefined when another try may go better. */
export async function refusalIn(response: Response): Promise<FeedRefused | undefined> {
  // A proxy that does not know the path says 404 too; another transport may get through.
  if (response.ok || response.status === 404) return undefined
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
  return refusalOf(problem.code ?? codes[response.status] ?? '', problem.detail ?? `The server answered ${response.status}.`)
}
