/** What the transports of the benchmark's readers share: a plain socket each, so that thousands fit into one process and cost it little. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Where {
  readonly host: string
  readonly port: number
  /** Address of this machine that it comes from: one address has some 28,000 ports. */
  readonly from: string
  /** Of the feed: `feed=events`. */
  readonly query: string
  /** Of polling, between two questions. */
  readonly intervalMs: number
}

/** One reader. Resolves when it is given what comes. `take` is called with whole frames, or answers, as they arrive. */
export type Open = (where: Where, take: (frames: Buffer) => void) => Promise<Socket>

export async function dial({ host, port, from }: Where): Promise<Socket> {
  const socket = connect({ host, port, localAddress: from, noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** As Chromium asks from a page of this server, so that bytes are what a browser's would be. */
export function request({ host, port }: Pick<Where, 'host' | 'port'>, path: string, more: Readonly<Record<string, string>> = {}): string {
  const headers = {
    Host: `${host}:${port}`,
    Connection: 'keep-alive',
    'sec-ch-ua-platform': '"Linux"',
    'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    'sec-ch-ua': '"Chromium";v="156", "Not A(Brand";v="24"',
    'sec-ch-ua-mobile': '?0',
    Accept: '*/*',
    'Sec-Fetch-Site': 'same-origin',
    'Sec-Fetch-Mode': 'cors',
    'Sec-Fetch-Dest': 'empty',
    Referer: `http://${host}:${port}/fleet`,
    'Accept-Encoding': 'gzip, deflate, br, zstd',
    'Accept-Language': 'en-US,en;q=0.9',
    ...more,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** Bytes of a socket until `cut` finds a whole piece at their start; answers its length, or 0. What follows it waits. */
export function pieces(socket: Socket, cut: (held: Buffer) => number, take: (piece: Buffer) => void): void {
  let held: Buffer | undefined
  socket.on('data', (chunk: Buffer) => {
    let rest = held === undefined ? chunk : Buffer.concat([held, chunk])
    for (let length = cut(rest); length > 0; length = cut(rest)) {
      take(rest.subarray(0, length))
      rest = rest.subarray(length)
    }
    held = rest.length === 0 ? undefined : rest
  })
}

const endOfHead = Buffer.from('\r\n\r\n')
/** Length of the head of an HTTP answer, or 0. Throws for one that refuses. */
export function headLength(held: Buffer): number {
  const end = held.indexOf(endOfHead)
  if (end < 0) return 0
  const status = held.toString('latin1', 9, 12)
  if (status !== '200' && status !== '101') throw new Error(`A reader was refused: ${held.toString('utf8', 0, 500)}`)
  return end + endOfHead.length
}
