/** What an earlier server may have left in the data folder: its own mark, and a PostgreSQL that outlived it. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { CannotStart } from '../config.ts'

const stopTimeoutMs = 30_000
const pause = (ms: number) => new Promise((resume) => setTimeout(resume, ms))

/** The fields of /proc/<pid>/stat after the name, which may hold spaces and brackets: state first, then the parent; starttime the 20th. Empty: there is no such process, or no /proc. */
export function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/** A zombie is dead: in a container whose first process does not reap, it stays for ever. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return statOf(pid)[0] !== 'Z'
}

const ps = (pid: number, field: string): string => {
  try {
    return execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

async function commandOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ps(pid, 'command'))
  return text.replaceAll('\0', ' ')
}

/** When a process began: a pid alone is given again, in a restarted container at once. */
const bornAt = (pid: number): string => statOf(pid)[19] ?? ps(pid, 'lstart')

/** Stops a postmaster that a killed server left behind. */
export async function stopLeftOver(folder: string, log: Logger): Promise<void> {
  const file = join(folder, 'postmaster.pid')
  if (!existsSync(file)) return
  const lines = (await readFile(file, 'utf8')).split('\n')
  const pid = Number(lines[0])
  if (!(pid > 0)) return
  if (!isAlive(pid) || !(await commandOf(pid)).includes(folder)) {
    // A zombie's number, or by now another process's: PostgreSQL would take it for its elder and refuse to start. With our pid it
    // takes the file as its starter's, and still looks whether anyone uses the old memory.
    await writeFile(file, [process.pid, ...lines.slice(1)].join('\n'))
    return
  }
  log.warn({ pid }, 'stopping the PostgreSQL that an earlier server left behind')
  process.kill(pid, 'SIGINT')
  const until = performance.now() + stopTimeoutMs
  while (isAlive(pid) && existsSync(file)) {
    if (performance.now() > until)
      throw new Error(`PostgreSQL (pid ${pid}) of an earlier server does not stop. Stop it by hand: kill -QUIT ${pid}.`)
    await pause(20)
  }
}

/** One server a data folder: two would fence each other for ever. */
export async function takeFolder(data: string): Promise<() => Promise<void>> {
  const file = join(data, 'server.pid')
  const mark = await readFile(file, 'utf8').catch(() => undefined)
  const [holder = '', born = ''] = (mark ?? '').split('\n')
  const pid = Number(holder)
  if (pid > 0 && isAlive(pid) && bornAt(pid) === born)
    throw new CannotStart(`Another Signalbox (pid ${pid}) uses ${data}. Stop it, or set SIGNALBOX_DATA to another folder.`)
  if (mark !== undefined) await rm(file, { force: true })
  try {
    // Fails where a file is: of two that start at once, one takes the folder.
    await writeFile(file, `${process.pid}\n${bornAt(process.pid)}`, { flag: 'wx' })
  } catch (cause) {
    throw new CannotStart(`${file} could not be made: another Signalbox is starting there, or the folder is closed to this user.`, {
      cause,
    })
  }
  return () => rm(file, { force: true })
}
