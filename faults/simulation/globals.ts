/** What the code takes from its surroundings without asking: for a run it is the simulation's. */
import type { Life } from './life.ts'
import { webSocketClass } from './sockets.ts'
import type { Time } from './time.ts'
import { dial, type World } from './world.ts'

const names = ['WebSocket', 'fetch'] as const

/** The clock and the turns of the event loop. Answers how to undo it. */
export function installTime(time: Time): () => void {
  const before = { setImmediate: globalThis.setImmediate, now: performance.now, timeout: AbortSignal.timeout }
  Object.assign(globalThis, { setImmediate: (run: () => void) => time.immediate(run) })
  performance.now = () => time.now()
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController()
    time.after(ms, () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')))
    return controller.signal
  }
  return () => {
    globalThis.setImmediate = before.setImmediate
    performance.now = before.now
    AbortSignal.timeout = before.timeout
  }
}

/** Connections are told apart by the host name of their URL: each life has its own. Answers how to undo it. */
export function installGlobals(world: World, lives: ReadonlyMap<string, Life>): () => void {
  const { time } = world
  const before = names.map((name) => [name, globalThis[name]] as const)
  const undoTime = installTime(time)
  const lifeOf = (host: string): Life => {
    const life = lives.get(host)
    if (life === undefined) throw new Error(`Nobody of this run connects to ${host}.`)
    return life
  }
  const pathOf = (url: URL) => `${url.pathname}${url.search}`

  Object.assign(globalThis, {
    WebSocket: webSocketClass((url, take) => dial(world, lifeOf(url.hostname), pathOf(url), take)),
    /** A request is a connection with one message each way. */
    fetch: (address: string, { body = '', signal }: { body?: string; signal?: AbortSignal } = {}) =>
      new Promise((resolve, reject) => {
        const url = new URL(address)
        dial(world, lifeOf(url.hostname), pathOf(url), (end) => {
          const fail = () => reject(new TypeError('fetch failed'))
          if (end === undefined) return fail()
          signal?.addEventListener('abort', () => {
            end.reset()
            reject(signal.reason)
          })
          end.onClose = fail
          end.onMessage = (message) => {
            if (message.kind !== 'text') return
            const { status, body: answered } = JSON.parse(message.text) as { status: number; body: { retryAfterMs?: number } }
            const retryAfter = String(Math.ceil((answered.retryAfterMs ?? 0) / 1_000))
            end.reset()
            resolve({ ok: status === 200, status, headers: new Headers({ 'retry-after': retryAfter }), json: async () => answered })
          }
          end.send({ kind: 'text', text: body, bytes: body.length })
        })
      }),
  })
  return () => {
    Object.assign(globalThis, Object.fromEntries(before))
    undoTime()
  }
}
