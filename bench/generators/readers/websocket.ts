import { dial, headLength, type Open, pieces, request } from './open.ts'

export const upgrade = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
}
const pingOpcode = 0x9
/** Masked, as a client's must be; of no content, as the server's pings are. */
export const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])

/** Length of the header, and of the frame with it, or 0 while that is unknown. */
function frameLength(held: Buffer): { readonly header: number; readonly whole: number } {
  const short = (held[1] ?? 0) & 0x7f
  const header = short < 126 ? 2 : short === 126 ? 4 : 10
  if (held.length < header) return { header, whole: 0 }
  const content = header === 2 ? short : header === 4 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2))
  return { header, whole: header + content }
}

export const websocket: Open = async (where, take) => {
  const socket = await dial(where)
  const origin = `http://${where.host}:${where.port}`
  socket.write(request(where, `/v1/live?credit=4194304&${where.query}`, { Origin: origin, ...upgrade }))
  await new Promise<void>((ready) => {
    let isOpen = false
    const cut = (held: Buffer) => {
      if (!isOpen) return headLength(held)
      if (held.length < 2) return 0
      const { whole } = frameLength(held)
      return whole <= held.length ? whole : 0
    }
    pieces(socket, cut, (piece) => {
      if (!isOpen) {
        isOpen = true
        return
      }
      if (((piece[0] ?? 0) & 0xf) === pingOpcode) socket.write(pong)
      else take(piece.subarray(frameLength(piece).header))
      // Its first frame says that it is subscribed.
      ready()
    })
  })
  return socket
}

/** Takes nothing from the moment on that it is subscribed. */
export const stuck: Open = async (where, take) => {
  const socket = await websocket(where, take)
  return socket.pause()
}
