/** Asking: again at once, and the server waits until it has something (long poll); or each interval for what there is (polling). */
import { dial, headLength, type Open, pieces, request } from './open.ts'

const waitSeconds = 25

const polling =
  (wait: number): Open =>
  async (where, take) => {
    // Readers that came together do not ask together; a connection that does not ask soon is not kept.
    if (wait === 0) await new Promise((resume) => setTimeout(resume, Math.random() * where.intervalMs))
    const socket = await dial(where)
    const ask = (cursor: string) => socket.write(request(where, `/v1/poll?${where.query}&wait=${wait}${cursor && `&cursor=${cursor}`}`))
    await new Promise<void>((ready) => {
      const cut = (held: Buffer) => {
        const head = headLength(held)
        if (head === 0) return 0
        const body = Number(/content-length: (\d+)/i.exec(held.toString('latin1', 0, head))?.[1])
        return head + body <= held.length ? head + body : 0
      }
      pieces(socket, cut, (piece) => {
        take(piece)
        // The answer ends with it.
        const cursor = /"cursor":"([^"]+)"\}$/.exec(piece.toString('latin1', Math.max(0, piece.length - 1_500)))?.[1] ?? ''
        if (wait > 0) ask(cursor)
        else setTimeout(ask, where.intervalMs, cursor)
        ready()
      })
      ask('')
    })
    return socket
  }

export const longPoll = polling(waitSeconds)
export const poll = polling(0)
