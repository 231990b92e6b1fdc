import { statfs } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Finding } from './finding.ts'

/** With less the database may not be able to write its log, and stops. */
const leastDiskBytes = 1024 ** 3

export async function checkDisk({ data, databaseUrl }: { readonly data: string; readonly databaseUrl: string }): Promise<Finding> {
  const name = 'disk'
  if (databaseUrl !== '')
    return { name, health: 'unknown', what: 'the database is where DATABASE_URL says', todo: 'Look at the disk of that machine.' }
  const folder = resolve(data)
  const found = await statfs(folder).catch((error: NodeJS.ErrnoException) => error)
  if (found instanceof Error)
    return {
      name,
      health: 'unknown',
      what: found.code === 'ENOENT' ? `there is no folder ${folder}` : `${folder} cannot be looked at: ${found.message}`,
      todo: 'Run it where the server runs, or set SIGNALBOX_DATA.',
    }
  const freeBytes = found.bavail * found.bsize
  const what = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free for ${folder}`
  if (freeBytes >= leastDiskBytes) return { name, health: 'good', what }
  return { name, health: 'bad', what, todo: 'Free some space, or lower SIGNALBOX_RETENTION_DAYS: a full disk stops the database.' }
}
