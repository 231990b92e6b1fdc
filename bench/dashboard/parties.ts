/** Who takes part beside the browser, each a process: the server and a sender. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface Sender {
  readonly process: ChildProcess
  /** Events acknowledged so far. */
  readonly acknowledged: () => number
  stop(): Promise<void>
}

/** Server and sender let the browser go first (`yieldToOthers`): people look from another machine, and who is starved of a core measures the scheduler. */
const apart = (script: string, args: readonly string[], env = process.env) =>
  spawn(process.execPath, [join(import.meta.dirname, script), ...args], { stdio: ['ignore', 'pipe', 'inherit'], env, detached: true })

async function ended(child: ChildProcess) {
  const exit = once(child, 'exit')
  child.kill()
  await exit
}

/** `work`: what it sends, as `sender.ts` reads it. */
export function send(url: string, eventsPerSecond: number, work: readonly string[]): Sender {
  const child = apart('sender.ts', [url, String(eventsPerSecond), ...work])
  let acknowledged = 0
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) acknowledged = (JSON.parse(line) as { acknowledged: number }).acknowledged
  })
  return { process: child, acknowledged: () => acknowledged, stop: () => ended(child) }
}

export interface Served {
  readonly url: string
  readonly pid: number | undefined
  stop(): Promise<void>
}

export async function serve(data: string): Promise<Served> {
  const server = apart('../../packages/cli/src/main.ts', ['up'], {
    ...process.env,
    ...{ SIGNALBOX_DATA: data, SIGNALBOX_PORT: '0', SIGNALBOX_LOG_LEVEL: 'error' },
    ...{ SIGNALBOX_OTLP_HTTP_PORT: 'off', SIGNALBOX_OTLP_GRPC_PORT: 'off' },
  })
  let text = ''
  for await (const chunk of server.stdout) {
    text += chunk
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]
    if (url !== undefined) return { url, pid: server.pid, stop: () => ended(server) }
  }
  throw new Error(`The server ended while starting: ${text}`)
}

const perRequest = 2_000

/** What a busy server did not take is sent again: it knows by their ids what it has. */
const tries = 5

/** Sends all of them, in order, and wants each stored. */
export async function post(url: string, events: Iterable<object>): Promise<void> {
  let batch: object[] = []
  const flush = async () => {
    const body = JSON.stringify(batch)
    for (let left = tries; ; left -= 1) {
      const response = await fetch(`${url}/v1/events`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      const answer = (await response.json()) as { accepted?: number; duplicates?: number }
      if ((answer.accepted ?? 0) + (answer.duplicates ?? 0) === batch.length) break
      if (response.status !== 503 || left === 1) throw new Error(`Not all were stored: ${JSON.stringify(answer).slice(0, 400)}`)
    }
    batch = []
  }
  for (const event of events) if (batch.push(event) >= perRequest) await flush()
  if (batch.length > 0) await flush()
}
