/** What an ingest WebSocket says first. The first byte picks codec and opcode. */
import { isUtf8 } from 'node:buffer'
import { codecs } from '@signalbox/model/codecs/codec.ts'
import { closeCodes, type IngestServerFrame } from '@signalbox/model/live.ts'
import { refusals } from '@signalbox/model/refusals.ts'
import { fleetOf } from '../events.ts'
import { must, type Target } from '../fuzz.ts'
import { config, keptSoFar, nextTurn, openSocket } from './ingest-door.ts'

const all = Object.values(codecs)
const closings: ReadonlySet<number> = new Set([closeCodes.protocol, closeCodes.tooLarge])

export const ingestFrame: Target = {
  name: 'ingest-frame',
  expects: ['ack', 'ack, some refused', 'MALFORMED_JSON', 'BAD_REQUEST', 'BATCH_TOO_LARGE', 'not UTF-8'],
  seeds(dice) {
    const [events = []] = fleetOf(dice, { producers: 1, runs: 3, events: 60, from: Date.UTC(2026, 1, 28, 10), name: 'seed' })
    return all.flatMap((codec, pick) =>
      [1, 3, 10, 51].map((count) => {
        const bytes = codec.encode({ kind: 'batch', n: 1, events: events.slice(0, count) })
        return Buffer.concat([Buffer.from([pick * 2 + (codec.name === 'json' ? 0 : 1)]), Buffer.from(bytes as string)])
      }),
    )
  },
  async check(input) {
    const [pick = 0] = input
    const codec = all[Math.trunc(pick / 2) % all.length] ?? codecs.json
    const isBinary = pick % 2 === 1
    const content = Buffer.from(input.subarray(1))
    // `ws` closes with 1007 by itself.
    if (!isBinary && !isUtf8(content)) return 'not UTF-8'
    const { socket, sent } = openSocket(codec.subprotocol)
    const before = keptSoFar()
    socket.emit('message', content, isBinary)
    const isOver = () => sent.length > 1 || socket.closedWith !== undefined
    for (let turn = 0; turn < 20 && !isOver(); turn += 1) await nextTurn()
    must(isOver(), 'every frame is answered')
    const [welcome, answer] = sent.map((bytes) => codec.decode(bytes) as unknown as IngestServerFrame)
    must(welcome?.kind === 'welcome', 'first comes the welcome')
    if (answer?.kind === 'error') {
      must(Object.hasOwn(refusals, answer.code), `${answer.code} is one of refusals.ts`)
      must(closings.has(socket.closedWith ?? 0), `${socket.closedWith} is a close code of the protocol`)
      return answer.code
    }
    must(answer?.kind === 'ack', 'else it is acknowledged')
    must(!socket.isPaused && socket.closedWith === undefined, 'the door goes on')
    must(answer.credit === config.ingestCredit, 'its credit is given back')
    must(answer.refused.length === keptSoFar() - before, 'each refused item is kept')
    for (const { code } of answer.refused) must(Object.hasOwn(refusals, code), `${code} is one of refusals.ts`)
    return answer.refused.length === 0 ? 'ack' : 'ack, some refused'
  },
}
