/** A WebSocket peer by hand: every bit of a frame is the caller's, also the wrong ones. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface FrameBits {
  readonly opcode: number
  readonly payload?: Uint8Array | string
  readonly fin?: boolean
  /** Three bits. */
  readonly rsv?: number
  readonly masked?: boolean
  /** Told instead of the payload's own length. */
  readonly length?: bigint
}

export function frame({ opcode, payload = '', fin = true, rsv = 0, masked = true, length }: FrameBits): Buffer {
  const bytes = Buffer.from(payload as string)
  const told = length ?? BigInt(bytes.length)
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  const bit = masked ? 0x80 : 0
  let head: Buffer
  if (told < 126n) head = Buffer.from([first, bit | Number(told)])
  else if (told < 65_536n) head = Buffer.from([first, bit | 126, Number(told >> 8n), Number(told & 0xffn)])
  else {
    head = Buffer.alloc(10)
    head.set([first, bit | 127])
    head.writeBigUInt64BE(told, 2)
  }
  if (!masked) return Buffer.concat([head, bytes])
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78])
  return Buffer.concat([head, mask, bytes.map((byte, i) => byte ^ (mask[i % 4] ?? 0))])
}

interface Came {
  readonly opcode: number
  readonly payload: Buffer
}

export interface RawPeer {
  write(bytes: Uint8Array): Promise<void>
  /** The next frame; undefined when the connection is over. */
  next(): Promise<Came | undefined>
  destroy(): void
}

/** Status line and headers, as sent. */
export interface Refused {
  readonly status: number
  readonly head: string
}

export interface Handshake {
  readonly method?: string
  readonly version?: string
  /** Replaces, or with undefined leaves out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Sent behind the handshake in one piece with it. */
  readonly more?: Uint8Array
}

export async function shakeHands(
  url: string,
  path: string,
  { method = 'GET', version = '1.1', headers = {}, more }: Handshake = {},
): Promise<RawPeer | Refused> {
  const { hostname, port, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const all = {
    Host: host,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Version': '13',
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]))
  socket.write(Buffer.concat([Buffer.from(`${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`), more ?? Buffer.alloc(0)]))
  const reader = readerOf(socket)
  const head = await reader.head()
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0)
  if (status !== 101) {
    socket.destroy()
    return { status, head }
  }
  return {
    write: (bytes) => new Promise((resolve) => void socket.write(bytes, () => resolve())),
    next: reader.frame,
    destroy: () => socket.destroy(),
  }
}

function readerOf(socket: Socket) {
  let held = Buffer.alloc(0)
  let over = false
  let wake = () => {}
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes])
    wake()
  })
  socket.on('close', () => {
    over = true
    wake()
  })
  async function until<T>(take: () => T | undefined): Promise<T | undefined> {
    for (;;) {
      const taken = take()
      if (taken !== undefined || over) return taken
      await new Promise<void>((resume) => {
        wake = resume
      })
    }
  }
  const cut = (bytes: number): Buffer => {
    const taken = held.subarray(0, bytes)
    held = held.subarray(bytes)
    return taken
  }
  return {
    head: async () =>
      (await until(() => {
        const end = held.indexOf('\r\n\r\n')
        return end === -1 ? undefined : cut(end + 4).toString()
      })) ?? '',
    frame: () =>
      until((): Came | undefined => {
        const [first = 0, second = 0] = held
        if (held.length < 2) return undefined
        const more = second === 126 ? 2 : second === 127 ? 8 : 0
        if (held.length < 2 + more) return undefined
        const length = more === 0 ? second : more === 2 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2))
        if (held.length < 2 + more + length) return undefined
        cut(2 + more)
        return { opcode: first & 0x0f, payload: Buffer.from(cut(length)) }
      }),
  }
}
