/**
 * A guard against slow paths: processor time of the stages that every event takes, each as a multiple of a reference that runs right
 * beside it (JSON.parse and JSON.stringify of the same bytes), so that neither a slow machine nor other work on it matters.
 * Ends with 1 when one is past its bound.
 *
 * Collections are between stages, not in them: where one falls is V8's choice, and ratios of one build were 1.5 to 2.0 (fold) and 1.5 to 2.4
 * (check) for it, for minutes each way. So it wants `--expose-gc` and a young generation that no stage fills (test/speed.test.ts).
 *
 * A change that makes a stage faster lowers its usual ratio here; one that needs it slower raises it, and says why.
 */
import { codecs } from '@signalbox/model/codecs/codec.ts'
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { applyEvent, createRows } from '@signalbox/model/fold/fold.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import { toWire } from '@signalbox/model/wire.ts'
import { linesOf } from '@signalbox/server/sequencer/commit.ts'
import { createFleet } from './fleet.ts'

/** What each stage took when it was last looked at. */
const usual = { decode: 0.75, check: 1.75, line: 2.25, fold: 2.35, wire: 2.35 }
type Stage = keyof typeof usual
/** Of the usual ratio. Seen in 24 runs, six of them with both cores busy with other work: 0.87 to 1.11. */
const most = 1.25

const rounds = 7
const batches = 100
/** A thread's time is counted in ticks of some milliseconds: what is short is done more often. */
const times = { line: 3, wire: 5 }
const batch = 500
const bounds = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }

const nextId = createIdSource(Date.now)
const makeEvents = createFleet(nextId, 0)
const texts = Array.from({ length: batches }, (_, n) => JSON.stringify({ kind: 'batch', n, events: makeEvents(batch) }))

const { gc } = globalThis
if (gc === undefined) throw new Error('Run it as test/speed.test.ts does: with --expose-gc and a young generation of 128 MB.')

/** Of this thread, in µs. */
function cost(act: () => void): number {
  gc?.()
  const from = process.threadCpuUsage()
  act()
  const { user, system } = process.threadCpuUsage(from)
  return user + system
}

/** Keeps what is made from being optimised away. */
let kept = 0

function round(): Record<Stage | 'reference', number> {
  const reference = () => {
    for (const text of texts) kept += JSON.stringify(JSON.parse(text)).length
  }
  const before = cost(reference)
  const decoded: unknown[] = []
  const decode = cost(() => {
    for (const text of texts) decoded.push(...(codecs.json.decode(text) as unknown as { events: unknown[] }).events)
  })
  const events: LoggedEvent[] = []
  const check = cost(() => {
    for (const input of decoded) {
      const parsed = parseEvent(input, 'default', bounds, nextId)
      if (!parsed.ok) throw new Error(parsed.message)
      events.push({ ...parsed.event, partition: 0, position: events.length + 1, receivedAt: parsed.event.time })
    }
  })
  const line = cost(() => {
    for (let time = 0; time < times.line; time += 1)
      for (let from = 0; from < events.length; from += batch) kept += linesOf(events.slice(from, from + batch)).length
  })
  const fold = cost(() => {
    const rows = createRows()
    for (const event of events) applyEvent(rows, event)
  })
  const wire = cost(() => {
    for (let time = 0; time < times.wire; time += 1) for (const event of events) kept += toWire(event).length
  })
  return { decode, check, line, fold, wire, reference: (before + cost(reference)) / 2 }
}

function ratios(): Record<Stage, number> {
  const measured = Array.from({ length: rounds }, round)
  // What else the machine does only ever adds.
  const least = (stage: Stage | 'reference') => Math.min(...measured.map((one) => one[stage]))
  const of = (stage: Stage) => least(stage) / least('reference')
  return { decode: of('decode'), check: of('check'), line: of('line'), fold: of('fold'), wire: of('wire') }
}

for (let warm = 0; warm < 2; warm += 1) round()
const found = ratios()
const shown = Object.entries(found).map(([stage, ratio]) => {
  const expected = usual[stage as Stage]
  return `${stage} ${ratio.toFixed(2)} (usually ${expected}, ${Math.round((100 * ratio) / expected)} %)`
})
console.log(`Of JSON.parse and JSON.stringify: ${shown.join(', ')}.`)
const slow = (Object.keys(usual) as Stage[]).filter((stage) => found[stage] > usual[stage] * most)
if (slow.length > 0) console.log(`Slower than usual by more than ${Math.round((most - 1) * 100)} %: ${slow.join(', ')}.`)
process.exitCode = slow.length > 0 || kept === 0 ? 1 : 0
