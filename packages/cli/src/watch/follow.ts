/** When to look: as soon as the system tells of a change, and at all files now and then, since it does not tell of everything. */
import { watch as watchFolder } from 'node:fs'
import { sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isTranscript, type Watcher } from './watcher.ts'

/** Lines of one moment are read together. */
const gatherMs = 100
const pollMs = 5_000

export interface FollowOptions {
  readonly folder: string
  readonly signal: AbortSignal
  readonly onFault: (error: unknown) => void
}

/** Until `signal`. */
export async function follow(watcher: Watcher, { folder, signal, onFault }: FollowOptions): Promise<void> {
  const changed = new Set<string>()
  let wake = () => {}
  const hear = (_kind: unknown, name: string | null) => {
    if (name === null || !isTranscript(name)) return
    changed.add(name.split(sep).join('/'))
    wake()
  }
  try {
    watchFolder(folder, { recursive: true, signal }, hear).on('error', onFault)
  } catch (error) {
    onFault(error)
  }
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined)
  for (let lookedAt = performance.now(); !signal.aborted; ) {
    const woken = new Promise<void>((resume) => {
      wake = resume
    })
    if (changed.size === 0) await Promise.race([woken, pause(pollMs)])
    await pause(gatherMs)
    if (signal.aborted) return
    const all = performance.now() - lookedAt >= pollMs
    const some = new Set(changed)
    changed.clear()
    if (all) lookedAt = performance.now()
    await watcher.pass(all ? undefined : some)
  }
}
