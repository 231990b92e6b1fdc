/** The command line as a user has it: a process, what it says, its exit code. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePort } from '../../../test/free-port.ts'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  /** Resolves when it has said this; rejects when it ends without. */
  says(words: string | RegExp): Promise<void>
  press(signal: NodeJS.Signals): void
  /** Closes our end of its output, as `| head` does. */
  stopReading(): void
  readonly done: Promise<Ran>
}

export type Environment = Readonly<Record<string, string>>

export function start(args: readonly string[], env: Environment): Running {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SIGNALBOX_|DATABASE_URL$)/.test(name)))
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8')
    child[name].on('data', (chunk: string) => {
      said[name] += chunk
      for (const listener of listeners) listener()
    })
  }
  const done = once(child, 'close').then(([code]): Ran => ({ code: code as number | null, ...said }))
  return {
    done,
    says: (words) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (![said.stdout, said.stderr].some((text) => (typeof words === 'string' ? text.includes(words) : words.test(text)))) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
        void done.then(({ code }) => reject(new Error(`It ended (exit ${code}) without saying ${words}: ${said.stdout}${said.stderr}`)))
      }),
    press: (signal) => void child.kill(signal),
    stopReading: () => void child.stdout.destroy(),
  }
}

export const run = (args: readonly string[], env: Environment): Promise<Ran> => start(args, env).done

/** An address where nobody listens. */
export const nobody = async () => `http://127.0.0.1:${await freePort()}`
