/** A folder of one run of the tests, for what they throw away: in memory where that has room, since none of it has to outlive a disk. */
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
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

/** Vitest's global set-up: workers inherit the variable. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(hasRoom() ? inMemory : tmpdir(), 'signalbox-run-'))
  // PostgreSQL may run as another user.
  chmodSync(folder, 0o711)
  process.env.SIGNALBOX_TEST_RUN = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
