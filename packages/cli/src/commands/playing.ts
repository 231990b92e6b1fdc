/** What import and replay share: a long sending that waits for a server that is away, can be stopped, and says how far it came. */
import { type Address, connect, type Server } from '../connect.ts'
import { Failure } from '../failure.ts'
import type { Speed } from '../send/pace.ts'
import { speedText } from '../send/restage.ts'
import type { SendOptions, Sent } from '../send/send.ts'
import { untilStopped } from './options.ts'
import { createProgress, whole } from './terminal.ts'

/** How long one batch is tried again while the server is away. */
const patienceMs = 120_000

export interface Outcome {
  readonly sent: Sent
  readonly isStopped: boolean
}

/** `again`: what to do when it did not come to its end. */
export async function sending(
  address: Address,
  of: number,
  again: string,
  send: (server: Server, options: SendOptions) => Promise<Sent>,
): Promise<Outcome> {
  const progress = createProgress()
  const signal = untilStopped()
  const onRetry = (why: string) => progress.wait(`Waiting: ${why}. Trying again for ${patienceMs / 1_000} s, with the same ids.`)
  const server = connect({ ...address, patienceMs, signal, onRetry })
  let last: Sent | undefined
  try {
    const sent = await send(server, {
      signal,
      onProgress(now) {
        last = now
        progress.show(`Sent ${whole(now.sent)} of ${whole(of)} events.`)
      },
    })
    return { sent, isStopped: signal.aborted && sent.sent < of }
  } catch (error) {
    if (!(error instanceof Failure) || last === undefined) throw error
    throw new Failure(
      error.kind,
      `${error.message} ${whole(last.sent)} of ${whole(of)} events were sent before.`,
      `${error.hint} ${again}`,
      {
        cause: error,
      },
    )
  } finally {
    progress.end()
  }
}

export function mustBeTaken({ sent }: Outcome): void {
  if (sent.refused.length === 0) return
  throw new Failure(
    'incomplete',
    `${whole(sent.refused.length)} events were refused.`,
    'Their reasons are above; GET /v1/quarantine has their content.',
  )
}

export function playingAs({ url }: Address, runs: readonly string[], speed: Speed): string {
  const [first] = runs
  const named = runs.length === 1 ? `the run ${first}` : `${whole(runs.length)} runs (${first}, …)`
  const where = runs.length === 1 && first !== undefined ? `${url}/runs/${encodeURIComponent(first)}` : `${url}/`
  return `Playing ${named} at ${speed === 'max' ? 'full speed' : `${speedText(speed)} its speed`}, times shifted to now. Ctrl-C stops.\nWatch: ${where}`
}
