/** RFC 6455 by hand against both WebSocket doors of a real server; meanwhile two others' connections go on as if nothing was. */
import { startTestApi, type TestApi } from '@signalbox/server/api/testing.ts'
import { stopDatabases } from '@signalbox/server/store/testing.ts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { cases, type Door, type Ends, maxBytes } from './cases.ts'
import { handshakes } from './handshakes.ts'
import { frame, type RawPeer, shakeHands } from './raw.ts'

const doors: readonly Door[] = [
  { path: '/v1/ingest', message: '{"kind":"batch","n":1,"é":0,"events":[]}', isAnswer: (text) => text.includes('"kind":"ack"') },
  {
    path: '/v1/live',
    message: '{"kind":"subscribe","ref":"é","feed":"events"}',
    isAnswer: (text) => text.includes('"kind":"subscribed"'),
  },
]

let api: TestApi
const bystanders: { readonly door: Door; readonly peer: RawPeer; n: number }[] = []
beforeAll(async () => {
  api = await startTestApi({ SIGNALBOX_MAX_BODY_BYTES: String(maxBytes) })
  for (const door of doors) bystanders.push({ door, peer: await peerAt(door), n: 1 })
})
afterAll(async () => {
  for (const { peer } of bystanders) peer.destroy()
  await api.stop()
  await stopDatabases()
})

async function peerAt({ path }: Door): Promise<RawPeer> {
  const peer = await shakeHands(api.url, path)
  if ('status' in peer) throw new Error(`${path} answered the handshake with ${peer.status}.`)
  return peer
}

/** How it ended, and the pongs that came before. An answer ends it too. */
async function watch(peer: RawPeer, door: Door): Promise<{ readonly ends: Ends | 'cut'; readonly pongs: string[] }> {
  const pongs: string[] = []
  for (;;) {
    const came = await peer.next()
    if (came === undefined) return { ends: 'cut', pongs }
    if (came.opcode === 10) pongs.push(came.payload.toString())
    if (came.opcode === 8) return { ends: came.payload.length === 0 ? 'closed' : came.payload.readUInt16BE(0), pongs }
    if (came.opcode === 1 && door.isAnswer(came.payload.toString())) return { ends: 'answered', pongs }
  }
}

describe.each(doors)('$path', (door) => {
  test.each(cases)('$name: $ends', async ({ bytes, ends, pongs = [] }) => {
    const peer = await peerAt(door)
    onTestFinished(() => peer.destroy())
    for (const piece of bytes(door)) await peer.write(piece)
    expect(await watch(peer, door)).toEqual({ ends, pongs })
    // Whoever is told to go sees the connection end.
    if (ends !== 'answered') {
      await peer.write(frame({ opcode: 8, payload: Buffer.from([3, 232]) }))
      expect(await peer.next()).toBeUndefined()
    }
  })

  test.each(handshakes)('handshake, $name: $status', async ({ status, says, path = door.path, ...handshake }) => {
    const answer = await shakeHands(api.url, path, handshake)
    if ('status' in answer) {
      expect(answer.status).toBe(status)
      if (says !== undefined) expect(answer.head).toMatch(says)
    } else {
      answer.destroy()
      expect(101).toBe(status)
    }
  })

  test('what is sent in one piece with the handshake is read', async () => {
    const peer = await shakeHands(api.url, door.path, { more: frame({ opcode: 1, payload: door.message }) })
    if ('status' in peer) throw new Error(`It answered ${peer.status}.`)
    onTestFinished(() => peer.destroy())
    expect(await watch(peer, door)).toEqual({ ends: 'answered', pongs: [] })
  })
})

test('the others were served all the while', async () => {
  for (const { door, peer } of bystanders) {
    await peer.write(frame({ opcode: 1, payload: door.message }))
    expect(await watch(peer, door)).toEqual({ ends: 'answered', pongs: [] })
  }
})
