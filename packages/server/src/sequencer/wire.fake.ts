/** A network between the sequencer and PostgreSQL that a test can break: in silence, or just as a commit is answered. */
import { connect as connectTo, createServer, type Socket } from 'node:net'

export interface FakeWire {
  readonly url: string
  /** The next commit reaches the database; its answer does not come back, the connection breaks. */
  loseNextCommitAnswer(): void
  /** Nothing gets through either way, and nobody is told. */
  silence(): void
  mend(): void
  close(): Promise<void>
}

const commitCall = 'call commit_events('
/** ReadyForQuery outside a transaction: the commit is done. */
const ready = Buffer.from('Z\0\0\0\u0005I', 'latin1')

export async function fakeWire(url: string): Promise<FakeWire> {
  const target = new URL(url)
  let losing = false
  let silent = false
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connectTo(Number(target.port), target.hostname)
    let losesAnswer = false
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.on('error', () => socket.destroy())
    }
    near.on('data', (chunk: Buffer) => {
      if (silent) return
      if (losing && chunk.includes(commitCall)) {
        losing = false
        losesAnswer = true
      }
      far.write(chunk)
    })
    far.on('data', (chunk: Buffer) => {
      if (silent) return
      if (!losesAnswer) near.write(chunk)
      else if (chunk.includes(ready)) near.destroy()
    })
  })
  await new Promise<void>((resume) => server.listen(0, '127.0.0.1', resume))
  const address = server.address()
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  return {
    url: through.href,
    loseNextCommitAnswer() {
      losing = true
    },
    silence() {
      silent = true
    },
    mend() {
      silent = false
      // What was silent is broken for good: bytes were lost.
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resume) => server.close(resume))
    },
  }
}
