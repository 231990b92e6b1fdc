/** A folder of one run of the tests, for what they throw away: in memory where that has room, since none of it has to outlive a disk. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { freemem, tmpdir } from 'node:os'
import { join } from 'node:path'

const inMemory = '/dev/shm'
/** Two databases and two browsers at a time take less than a half of it. */
const neededBytes = 4 * 1024 ** 3

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(inMemory)
    // Of the machine's memory as much must be left to those who use it.
    return bavail * bsize >= neededBytes && freemem() >= 2 * neededBytes
  } catch {
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Of runs that were cut short: nobody else would give their memory back. */
function removeLeftOver(home: string): void {
  for (const name of readdirSync(home)) {
    const [, pid] = /^signalbox-run-(\d+)-/.exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(home, name), { recursive: true, force: true })
  }
}

/** Vitest's global set-up: workers inherit the variable. */
export default function setup(): () => void {
  const home = hasRoom() ? inMemory : tmpdir()
  removeLeftOver(home)
  const folder = mkdtempSync(join(home, `signalbox-run-${process.pid}-`))
  // PostgreSQL may run as another user.
  chmodSync(folder, 0o711)
  process.env.SIGNALBOX_TEST_RUN = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
