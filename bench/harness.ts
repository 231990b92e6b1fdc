/** What every section of the benchmark stands on: processes beside it, a server of its own, rows of a table, samples that are kept. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import node from '../packages/cli/node.json' with { type: 'json' }

const here = import.meta.dirname

/** One line of the table. */
export interface Row {
  readonly what: string
  readonly figure: string
  /** Beside the reference that was measured in the same run. */
  readonly beside?: string
  /** What is wanted of it, and whether that is reached. */
  readonly wanted?: string
}

export interface Bench {
  /** How long one measurement takes. */
  readonly seconds: number
  readonly rounds: number
  /** What was said on the command line: the value of `--name=`. */
  option(name: string): string | undefined
  /** A server on an embedded database that ends with the section. */
  serve(env?: Readonly<Record<string, string>>): Promise<Server>
  row(row: Row): void
  /** Keeps a raw figure, for whoever doubts a median. */
  sample(name: string, value: number): void
  /** Tells of progress; not kept. */
  tell(text: string): void
}

/** A file of `sections/` exports one as `section`. */
export interface Section {
  readonly name: string
  /** Under a minute, or only when named (`--only=`) or with `--all`. */
  readonly long?: boolean
  measure(bench: Bench): Promise<void>
}

/** A process whose lines are read one at a time. */
export interface Child {
  readonly process: ChildProcess
  line(): Promise<string>
  /** Says one line to it; a line that is empty means "now". */
  tell(line?: string): void
  /** Resolves once it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export function child(
  file: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  nodeArgs: readonly string[] = [],
): Child {
  const process_ = spawn(process.execPath, [...nodeArgs, join(here, file), ...args], {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  const waiting: string[] = []
  let wake = () => {}
  let text = ''
  process_.stdout?.on('data', (chunk: Buffer) => {
    text += chunk
    const parts = text.split('\n')
    text = parts.pop() ?? ''
    waiting.push(...parts)
    wake()
  })
  process_.on('exit', () => wake())
  return {
    process: process_,
    async line() {
      while (waiting.length === 0) {
        if (process_.exitCode !== null || process_.signalCode !== null) throw new Error(`${file} ended before it had said all.`)
        await new Promise<void>((resume) => {
          wake = resume
        })
      }
      return waiting.shift() ?? ''
    },
    tell: (line = '') => void process_.stdin?.write(`${line}\n`),
    async stop(signal) {
      if (process_.exitCode !== null || process_.signalCode !== null) return
      const ended = once(process_, 'exit')
      process_.kill(signal)
      await ended
    },
  }
}

/** What a process holds and has used so far. */
export interface Usage {
  readonly residentBytes: number
  readonly heapBytes: number
  readonly externalBytes: number
  /** Processor time, all threads. */
  readonly cpuMs: number
}

export interface Server extends Child {
  readonly url: string
  /** Its data folder. */
  readonly data: string
  /** Where its database is: a connection URL. */
  database(): Promise<string>
  /** Resident MiB of the server's own process. */
  memory(): Promise<number>
  /** Of its own process; `collect`: after its garbage is collected. */
  usage(when?: 'collect' | 'now'): Promise<Usage>
  /** The sum of a metric over its labels, or of the series with these labels. */
  metric(name: string, labels?: string): Promise<number>
}

/** Of a server on a long history: its days stay in tables, whatever their age. What sealing them does is measured by itself. */
export const inTables = { SIGNALBOX_COMPRESS_AFTER_DAYS: '0' } as const

/** Starts a server on that folder, as `npm start` does. */
export async function serve(data: string, env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const settings = {
    SIGNALBOX_DATA: data,
    SIGNALBOX_PORT: '0',
    SIGNALBOX_OTLP_HTTP_PORT: 'off',
    SIGNALBOX_OTLP_GRPC_PORT: 'off',
    SIGNALBOX_LOG_LEVEL: 'error',
    SIGNALBOX_WEBHOOKS: join(here, 'generators/doors/webhooks.json'),
    ...env,
  }
  const probed = ['--expose-gc', '--import', join(here, 'generators/probe.ts')]
  const started = child('../packages/cli/src/main.ts', ['up'], { ...node.environment, ...settings }, [...node.flags, ...probed])
  let url: string | undefined
  while (url === undefined) url = /http:\/\/127\.0\.0\.1:\d+/.exec(await started.line())?.[0]
  return {
    ...started,
    url,
    data,
    database: async () => (JSON.parse(await readFile(join(data, 'connection.json'), 'utf8')) as { url: string }).url,
    memory: () => residentMiB(started.process.pid),
    async usage(when = 'now') {
      const answer = once(started.process, 'message')
      started.process.send(when)
      return ((await answer) as [Usage])[0]
    },
    async metric(name, labels = '') {
      const text = await (await fetch(`${url}/metrics`)).text()
      return text
        .split('\n')
        .filter((line) => new RegExp(`^${name}[{ ]`).test(line) && line.includes(labels))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
    },
  }
}

const longestMakingMs = 60_000
/** Until the files of its database's log are made, as a server makes them that nobody sends to for some seconds: before, each would be measured too. */
export async function untilWalIsMade(server: Server): Promise<void> {
  const client = new pg.Client({ connectionString: await server.database() })
  await client.connect()
  const until = performance.now() + longestMakingMs
  for (let isMade = false; !isMade; ) {
    if (performance.now() > until)
      throw new Error(`The files of the log were not made in ${longestMakingMs / 1_000} s: they want 4 GiB of free disk.`)
    await new Promise((resume) => setTimeout(resume, 200))
    const { rows } = await client.query<{ made: boolean }>(
      "select sum(size) >= pg_size_bytes(current_setting('min_wal_size')) as made from pg_ls_waldir()",
    )
    isMade = rows[0]?.made === true
  }
  await client.end()
}

/** A new data folder for the time of `act`. */
export async function withData<T>(act: (data: string) => Promise<T>): Promise<T> {
  const data = await mkdtemp(join(tmpdir(), 'signalbox-bench-'))
  try {
    return await act(data)
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}

export const residentMiB = async (pid: number | undefined) =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? Number.NaN) / 1_024

/** Value below which that share of the values is. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
export const median = (values: readonly number[]) => quantile(values, 0.5)
export const count = (value: number) => Math.round(value).toLocaleString('en')

/** "0.6, then 0.8: first step", for a ratio that has to be large (`first < goal`) or small. */
export function wanted(value: number, first: number, goal: number, unit = ''): string {
  const reaches = (bound: number) => (first <= goal ? value >= bound : value <= bound)
  const reached = reaches(goal) ? 'reached' : reaches(first) ? 'first step reached' : '**not reached**'
  return `${first}${unit}, then ${goal}${unit}: ${reached}`
}
