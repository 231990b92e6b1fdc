/** What /proc says of processes, signals that are seen to arrive, and waiting for what somebody else does. */
import { readdirSync, readFileSync } from 'node:fs'
import { statOf } from '@signalbox/server/store/left-over.ts'

export const pause = (ms: number): Promise<void> => new Promise((resume) => setTimeout(resume, ms))

/** Asks again every few ms until there is an answer; rejects with `what` when there is none in time. */
export async function until<T>(
  what: string,
  patienceMs: number,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (const end = performance.now() + patienceMs; ; ) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`Waited ${patienceMs} ms in vain: ${what}.`)
    await pause(5)
  }
}

/** A zombie is dead: nobody reaps a postmaster that outlived its server. */
export const isAlive = (pid: number): boolean => !['Z', 'X', undefined].includes(statOf(pid)[0])

export const isStopped = (pid: number): boolean => statOf(pid)[0] === 'T'

export const ended = (pid: number, patienceMs = 10_000) => until(`process ${pid} ends`, patienceMs, () => !isAlive(pid))

/** A process, its children, theirs, and so on. */
export function family(pid: number): readonly number[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(statOf(Number(name))[1]) }))
  const found = [pid]
  for (const member of found) for (const one of all) if (one.parent === member) found.push(one.pid)
  return found
}

/** False for one that ended before. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** SIGSTOP, until every one of the family stands still, those included that a member made meanwhile. */
export async function stopFamily(pid: number): Promise<readonly number[]> {
  return await until(`process ${pid} and its children stop`, 10_000, () => {
    const moving = family(pid).filter((member) => isAlive(member) && !isStopped(member))
    for (const member of moving) signal(member, 'SIGSTOP')
    return moving.length === 0 && family(pid)
  })
}

/** File descriptors it has open. */
export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

export const residentMiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024
