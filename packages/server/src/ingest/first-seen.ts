/**
 * When records that carry no time came first: a retry of one then gives the same event with the same id. Bounded, and of this process:
 * a retry after the oldest were forgotten, or after a restart, is another event.
 */
import { createHash } from 'node:crypto'
import type { EpochMs } from '@signalbox/model/event.ts'
import { createByAge } from './by-age.ts'

/** Answers the time that `key` had when it came first, which is `time` if it comes now. */
export type FirstSeen = (key: string, time: EpochMs) => EpochMs

const mostSeen = 100_000

export function createFirstSeen(most = mostSeen): FirstSeen {
  const seen = createByAge<EpochMs>()
  return (key, time) => {
    // Keys are of the sender's length.
    const digest = createHash('sha256').update(key).digest('base64')
    const held = seen.get(digest)
    if (held !== undefined) return held
    seen.put(digest, time)
    if (seen.size() > most) seen.takeOldest()
    return time
  }
}
