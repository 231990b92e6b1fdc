/** A whole session of an ingest WebSocket in JSON, a frame a line: what is taken is acknowledged once, in order, to the last event. */
import { codecs } from '@signalbox/model/codecs/codec.ts'
import type { IngestServerFrame } from '@signalbox/model/live.ts'
import { refusals } from '@signalbox/model/refusals.ts'
import { fleetOf } from '../events.ts'
import { must, type Target, utf8 } from '../fuzz.ts'
import { config, nextTurn, openSocket } from './ingest-door.ts'

/** Longer ones show nothing more. */
const mostLines = 60
/** Of waiting for what was taken: each of them takes a few. */
const mostTurns = 1_000

interface Batch {
  readonly n: number
  readonly events: readonly unknown[]
}

export const ingestSession: Target = {
  name: 'ingest-session',
  expects: ['acknowledged', 'closed: BAD_REQUEST', 'closed: MALFORMED_JSON', 'closed: BATCH_TOO_LARGE'],
  seeds(dice) {
    const [events = []] = fleetOf(dice, { producers: 1, runs: 2, events: 60, from: Date.UTC(2026, 1, 28, 10), name: 'seed' })
    const session = (first: number, sizes: readonly number[]) =>
      utf8(sizes.map((size, i) => JSON.stringify({ kind: 'batch', n: first + i, events: events.slice(0, size) })).join('\n'))
    return [session(1, [1]), session(0, [2, 1, 3, 4, 1]), session(-5, [0, 0, 1]), session(7, [45, 45, 20]), session(1, [51])]
  },
  async check(input) {
    const lines = Buffer.from(input).toString().split('\n').slice(0, mostLines)
    const { socket, sent } = openSocket(codecs.json.subprotocol)
    const due: Batch[] = []
    for (const [i, line] of lines.entries()) {
      socket.emit('message', Buffer.from(line), false)
      if (socket.closedWith !== undefined) break
      due.push(JSON.parse(line) as Batch)
      if (i % 3 === 0) await nextTurn()
      // A paused socket brings nothing.
      while (socket.isPaused) await nextTurn()
    }
    const frames = () => sent.map((bytes) => JSON.parse(String(bytes)) as IngestServerFrame)
    const acks = () => frames().flatMap((frame) => (frame.kind === 'ack' ? [frame] : []))
    const last = due.at(-1)
    for (let turn = 0; turn < mostTurns && socket.closedWith === undefined && acks().at(-1)?.n !== last?.n; turn += 1) await nextTurn()
    judge(acks(), due)
    if (socket.closedWith === undefined) {
      must(sum(acks().map(counted)) === sum(due.map(({ events }) => events.length)), 'each event of an open session is acknowledged once')
      must(acks().at(-1)?.credit === config.ingestCredit, 'all credit is given back')
      return 'acknowledged'
    }
    const error = frames().at(-1)
    must(error?.kind === 'error' && Object.hasOwn(refusals, error.code), 'who is hung up on is told why')
    return `closed: ${error.code}`
  },
}

type Ack = Extract<IngestServerFrame, { kind: 'ack' }>
const sum = (figures: readonly number[]) => figures.reduce((a, b) => a + b, 0)
const counted = ({ accepted, duplicates, refused }: Ack) => accepted + duplicates + refused.length

function judge(acks: readonly Ack[], due: readonly Batch[]): void {
  let before = Number.NEGATIVE_INFINITY
  for (const ack of acks) {
    const covered = due.filter(({ n }) => n > before && n <= ack.n)
    must(ack.n > before && covered.length > 0, 'acknowledgements go forward')
    must(counted(ack) === sum(covered.map(({ events }) => events.length)), 'an acknowledgement counts what it covers')
    must(ack.credit >= 0 && ack.credit <= config.ingestCredit, 'credit is within its bound')
    before = ack.n
  }
}
