import { dial, headLength, type Open, pieces, request } from './open.ts'

const endOfEvent = Buffer.from('\n\n')
/** What the server says first, when a reader has its place. */
const opened = Buffer.from('id: ')

export const sse: Open = async (where, take) => {
  const socket = await dial(where)
  socket.write(request(where, `/v1/stream?${where.query}`, { Accept: 'text/event-stream', 'Cache-Control': 'no-cache' }))
  await new Promise<void>((ready) => {
    let isOpen = false
    const cut = (held: Buffer) => {
      if (!isOpen) return headLength(held)
      const end = held.indexOf(endOfEvent)
      return end < 0 ? 0 : end + endOfEvent.length
    }
    pieces(socket, cut, (piece) => {
      if (!isOpen) isOpen = true
      else {
        if (piece.includes(opened)) ready()
        take(piece)
      }
    })
  })
  return socket
}
