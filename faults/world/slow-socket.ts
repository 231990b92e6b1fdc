/** A dashboard on a slow line: it takes frames as they come, and gives the server room for the next only now and then. */
import type { Connection, Listener, Wanted } from '@signalbox/client/transport.ts'
import type { ServerFrame } from '@signalbox/model/live.ts'
import { WebSocket } from 'ws'

/** Less than a page, so that it is demoted with nearly every frame. */
const creditBytes = 4_096
const roomEveryMs = 150
/** Sometimes it stands still, for longer than the server's memory reaches back. */
const stillEvery = 16
const stillMs = 2_500

export function openSlowSocket({ url, feed, filter, cursor }: Wanted, listener: Listener): Connection {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/live?credit=${creditBytes}`, ['signalbox.json'])
  let uncredited = 0
  let rooms = 0
  let isLost = false
  let timer: NodeJS.Timeout | undefined
  const lose = (why: string) => {
    if (isLost) return
    isLost = true
    clearTimeout(timer)
    socket.terminate()
    listener.onLost(why)
  }
  const giveRoom = () => {
    rooms += 1
    if (uncredited > 0) socket.send(JSON.stringify({ kind: 'ack', bytes: uncredited }))
    uncredited = 0
    timer = setTimeout(giveRoom, rooms % stillEvery === 0 ? stillMs : roomEveryMs)
  }
  socket.on('open', () => {
    const where = cursor === undefined ? (feed === 'events' ? { from: 'start' } : {}) : { cursor }
    socket.send(JSON.stringify({ kind: 'subscribe', ref: 'slow', feed, filter, ...where }))
    giveRoom()
  })
  socket.on('message', (bytes: Buffer) => {
    uncredited += bytes.length
    const frame = JSON.parse(bytes.toString()) as ServerFrame
    if (frame.kind === 'error') lose(`${frame.code}: ${frame.message}`)
    else listener.onFrame(frame)
  })
  socket.on('error', (error) => lose(error.message))
  socket.on('close', (code) => lose(`closed ${code}`))
  return {
    close() {
      isLost = true
      clearTimeout(timer)
      socket.terminate()
    },
  }
}
