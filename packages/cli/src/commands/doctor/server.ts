/** From outside: that it stores events, and that its clock is ours. */

import { isObject, parseObject, stringOf } from '@signalbox/model/text.ts'
import { type Address, aliveWithinMs, connect, mustAnswer } from '../../connect.ts'
import { Failure } from '../../failure.ts'
import type { Finding } from './finding.ts'

/** A commit that takes longer than a sender waits for it. */
const readyWithinMs = 15_000
/** A server that is busy tells a little later. */
const busyMs = 10_000
/** Node keeps the header's text for a second, and longer while it is very busy. */
const clockOffMs = 5_000

/** Answers the epoch that is served; undefined when the server did not tell, which is then said. */
export async function checkServer(address: Address, found: (finding: Finding) => void): Promise<string | undefined> {
  const name = 'server'
  const { url } = address
  try {
    await mustAnswer(address)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    found({ name, health: 'bad', what: error.message, todo: error.hint })
    return undefined
  }
  found({ name, ...(await readiness(url)) })
  found({ name: 'clock', ...(await clock(url)) })
  try {
    const info = await connect({ ...address, patienceMs: busyMs }).get('/v1/info')
    const epoch = isObject(info) ? stringOf(info.epoch) : undefined
    if (epoch !== undefined) return epoch
    found({ name: 'epoch', health: 'unknown', what: `${url} does not tell which log it serves` })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    found({ name: 'epoch', health: 'unknown', what: error.message, todo: error.hint })
  }
  return undefined
}

async function readiness(url: string): Promise<Omit<Finding, 'name'>> {
  const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(readyWithinMs) })
    .then(async (response) => parseObject(await response.text()) ?? {})
    .catch((error: unknown) => ({ status: 'unready', reason: error instanceof Error ? error.message : String(error) }))
  const { status, reason, code } = answer as Readonly<Record<string, unknown>>
  if (status === 'ready') return { health: 'good', what: `${url} stores an event and reads it back` }
  if (status === 'draining') return { health: 'bad', what: `${url} is stopping`, todo: 'Wait for its end and start it again: npm start' }
  return {
    health: 'bad',
    what: `${url} cannot store an event: ${[code, reason].filter((word) => typeof word === 'string').join(': ')}`,
    todo: 'See the server’s log and what is said of the database and the disk below.',
  }
}

async function clock(url: string): Promise<Omit<Finding, 'name'>> {
  const before = Date.now()
  const answer = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(aliveWithinMs) }).catch(() => undefined)
  await answer?.body?.cancel()
  const date = Date.parse(answer?.headers.get('date') ?? '')
  if (Number.isNaN(date)) return { health: 'unknown', what: 'the server tells no time' }
  // The header has whole seconds, cut down.
  const offMs = Math.max(0, before - 1_000 - date, date - Date.now())
  if (offMs <= clockOffMs) return { health: 'good', what: 'this machine and the server agree' }
  return {
    health: 'bad',
    what: `this machine and the server differ by ${Math.round(offMs / 1_000)} s`,
    todo: 'Turn on time synchronisation on both: events more than five minutes from the future are refused.',
  }
}
