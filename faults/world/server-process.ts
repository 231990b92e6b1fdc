/** The server as users start it, in a process of its own. What it says goes to a file, for who looks for the cause of a finding. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServerProcess } from './world.ts'

const here = { host: '127.0.0.1', enter: [] } as const
const ownMain = join(import.meta.dirname, '../../packages/cli/src/main.ts')
const startTimeoutMs = 60_000
const stopTimeoutMs = 20_000
const saidChars = 2_000

/** Of servers side by side none takes the ports that are usual for OTLP. */
export const oneOfMany = { SIGNALBOX_OTLP_HTTP_PORT: 'off', SIGNALBOX_OTLP_GRPC_PORT: 'off' } as const

export interface OwnedServer extends ServerProcess, AsyncDisposable {
  /** Ends that nobody asked for, in words, since this was last called. */
  surprises(): readonly string[]
}

export interface ServerSetup {
  readonly dataFolder: string
  /** Its standard output and error, of all its lives. */
  readonly logFile: string
  readonly port: number
  /** Where it runs, if not here: the address that it listens on, and what goes before its command. */
  readonly place?: { readonly host: string; readonly enter: readonly string[] }
  readonly env?: Readonly<Record<string, string>>
  /** Of another version; default this one's. */
  readonly main?: string
}

/** Resolves when it is up. */
export async function startServerProcess(setup: ServerSetup): Promise<OwnedServer> {
  const { dataFolder, logFile, port, place = here, env = {}, main = ownMain } = setup
  const [command = '', ...args] = [...place.enter, process.execPath, main, 'up']
  const log = createWriteStream(logFile, { flags: 'a' })
  let child: ChildProcess | undefined
  let isEndAsked = false
  let surprises: string[] = []

  const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (child === undefined || !isRunning()) return child?.exitCode ?? null
    isEndAsked = true
    const ended = once(child, 'exit')
    child.kill(signal)
    const [code] = await ended
    return code as number | null
  }

  // Whatever breaks off the run.
  const endWithUs = () => child?.kill('SIGTERM')
  process.once('exit', endWithUs)

  const server: OwnedServer = {
    url: `http://${place.host}:${port}`,
    dataFolder,
    pid() {
      if (child?.pid === undefined) throw new Error('The server was never started.')
      return child.pid
    },
    isRunning,
    async start(more = {}) {
      if (isRunning()) throw new Error('The server runs already.')
      const started = spawn(command, args, {
        env: {
          ...process.env,
          SIGNALBOX_DATA: dataFolder,
          SIGNALBOX_HOST: place.host,
          SIGNALBOX_PORT: String(port),
          ...oneOfMany,
          SIGNALBOX_LOG_LEVEL: 'info',
          ...env,
          ...more,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = started
      isEndAsked = false
      log.write(`--- started, pid ${started.pid}, ${new Date().toISOString()}\n`)
      started.once('exit', (code, signal) => {
        const how = `pid ${started.pid} ended (${signal ?? `exit ${code}`})`
        log.write(`--- ${how}\n`)
        if (!isEndAsked) surprises.push(how)
      })
      let said = ''
      let timer: NodeJS.Timeout | undefined
      const ready = new Promise<void>((resolve, reject) => {
        const listen = (chunk: Buffer) => {
          log.write(chunk)
          said = `${said}${chunk}`.slice(-saidChars)
          if (said.includes('Signalbox is up')) resolve()
        }
        started.stdout?.on('data', listen)
        started.stderr?.on('data', listen)
        started.once('error', reject)
        started.once('exit', (code, signal) => reject(new Error(`The server ended while starting (${signal ?? `exit ${code}`}): ${said}`)))
        timer = setTimeout(() => reject(new Error(`The server was not up within ${startTimeoutMs} ms: ${said}`)), startTimeoutMs)
      })
      await ready.finally(() => clearTimeout(timer))
    },
    async kill() {
      await end('SIGKILL')
    },
    terminate: () => end('SIGTERM'),
    surprises() {
      const told = surprises
      surprises = []
      return told
    },
    async [Symbol.asyncDispose]() {
      const force = setTimeout(() => child?.kill('SIGKILL'), stopTimeoutMs)
      await end('SIGTERM')
      clearTimeout(force)
      await stopPostmaster(dataFolder)
      process.off('exit', endWithUs)
      log.end()
    },
  }
  try {
    await server.start()
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return server
}

/** Pid of the embedded PostgreSQL. */
export async function postmasterPid(dataFolder: string): Promise<number> {
  return Number((await readFile(join(dataFolder, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0])
}

/** A server that was killed leaves its PostgreSQL to the next one; after the last there is none. */
async function stopPostmaster(dataFolder: string): Promise<void> {
  const pid = await postmasterPid(dataFolder).catch(() => undefined)
  if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 1) return
  try {
    process.kill(pid, 'SIGQUIT')
    for (const until = Date.now() + stopTimeoutMs; Date.now() < until; ) {
      process.kill(pid, 0)
      await new Promise((resume) => setTimeout(resume, 50))
    }
  } catch {
    // It is gone, which is what was wanted.
  }
}
