/** A whole server in a process of its own, as a user starts it, on a folder of its own. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { newDataFolder } from '@signalbox/server/store/cluster.testing.ts'
import { expect } from 'vitest'
import { freePort } from './free-port.ts'

const root = join(import.meta.dirname, '..')

/** Of servers side by side none takes the ports that are usual for OTLP, nor half a gigabyte of the disk. */
export const oneOfMany = { SIGNALBOX_OTLP_HTTP_PORT: 'off', SIGNALBOX_OTLP_GRPC_PORT: 'off', SIGNALBOX_WAL_AHEAD_BYTES: '0' } as const

export interface TestServer {
  readonly url: string
  readonly data: string
  /** kill -9; then `start` brings it up again on the same folder and port. */
  kill(): Promise<void>
  start(): Promise<void>
  /** SIGTERM, waits for the exit; answers its code. */
  terminate(): Promise<number | null>
  /** kill -9 of the postmaster. */
  killPostgres(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export async function startServer(env: Record<string, string> = {}): Promise<TestServer> {
  const data = await newDataFolder()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined

  const server: TestServer = {
    url,
    data,
    async start() {
      const started = spawn(process.execPath, [join(root, 'packages/cli/src/main.ts'), 'up'], {
        env: {
          ...process.env,
          SIGNALBOX_DATA: data,
          SIGNALBOX_PORT: String(port),
          ...oneOfMany,
          SIGNALBOX_LOG_LEVEL: 'warn',
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = started
      let said = ''
      const ready = new Promise<void>((resolve, reject) => {
        const listen = (chunk: Buffer) => {
          said += chunk
          if (said.includes('Signalbox is up')) resolve()
        }
        started.stdout?.on('data', listen)
        started.stderr?.on('data', listen)
        started.once('exit', (code) => reject(new Error(`The server ended while starting (exit ${code}): ${said}`)))
      })
      await ready
    },
    async kill() {
      const ended = child === undefined ? undefined : once(child, 'exit')
      child?.kill('SIGKILL')
      await ended
    },
    async terminate() {
      if (child === undefined) return null
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const [code] = await ended
      child = undefined
      return code as number | null
    },
    async killPostgres() {
      const pid = Number((await readFile(join(data, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0])
      process.kill(pid, 'SIGKILL')
    },
    async [Symbol.asyncDispose]() {
      if (child !== undefined && child.exitCode === null && child.signalCode === null) await server.terminate()
      await rm(data, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

/** A server that asks for a key, as one beyond loopback does, and a key of each scope. */
export async function startServerWithKeys(): Promise<{ readonly server: TestServer; readonly read: string; readonly ingest: string }> {
  const env: Record<string, string> = {}
  const server = await startServer(env)
  const create = async (scope: string) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(root, 'packages/cli/src/main.ts'), 'keys', 'create', scope, '--scope', scope],
      { env: { ...process.env, SIGNALBOX_DATA: server.data } },
    )
    return stdout.trim()
  }
  const [read, ingest] = await Promise.all([create('read'), create('ingest')])
  await server.terminate()
  env.SIGNALBOX_HOST = '0.0.0.0'
  await server.start()
  return { server, read, ingest }
}

export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

/** Every item of a list, from its first page to its last. */
export async function getAll<T>(url: string): Promise<readonly T[]> {
  const items: T[] = []
  const asked = new URL(url)
  asked.searchParams.set('limit', '1000')
  for (;;) {
    const page = await getJson<{ readonly items: readonly T[]; readonly next: string | null }>(asked.href)
    items.push(...page.items)
    if (page.next === null) return items
    asked.searchParams.set('cursor', page.next)
  }
}

/** Events of now, with what `more` says of each. All of them must be taken. */
export async function sendEvents(server: TestServer, events: readonly Record<string, unknown>[], more: Record<string, unknown> = {}) {
  const response = await fetch(`${server.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events.map((event) => ({ source: 'test', time: new Date().toISOString(), ...more, ...event }))),
  })
  expect(await response.json()).toMatchObject({ accepted: events.length, refused: [] })
}
