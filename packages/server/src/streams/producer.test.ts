import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Numbered, observe, openProducer, type ProducerBody, show } from './producer.ts'

const one = (seq: number, more: Partial<Numbered> = {}): Numbered => ({ source: 'worker-7', seq, epoch: 1, receivedAt: 1_000, ...more })

function after(events: readonly Numbered[], now = 10_000): ProducerBody {
  const body = openProducer('worker-7')
  for (const event of events) observe(body, event)
  show(body, 1_000, now)
  return body
}

test('missing numbers are reported by name, once later ones have been there for two seconds', () => {
  const events = [...Array.from({ length: 40 }, (_, i) => one(i + 1)), one(44), one(46)]
  expect(after(events, 2_999).gaps).toEqual([])
  expect(after(events, 3_000)).toMatchObject({
    gaps: [
      { epoch: 1, from: 41, to: 43, detectedAt: '1970-01-01T00:00:01.000Z' },
      { epoch: 1, from: 45, to: 45 },
    ],
    report: 'worker-7 lost 41 to 43, 45',
    high: 46,
    received: 42,
    clones: 0,
  })
})

test('or once a thousand events came after', () => {
  const events = [one(1), ...Array.from({ length: 1_000 }, (_, i) => one(i + 3))]
  expect(after(events, 1_000).gaps).toEqual([])
  expect(after([...events, one(1_003)], 1_000).gaps).toMatchObject([{ from: 2, to: 2 }])
})

test('a number that comes late closes its gap', () => {
  expect(after([one(1), one(5), one(3), one(2), one(4)])).toMatchObject({ gaps: [], clones: 0, report: 'worker-7 is complete up to 5' })
})

test('a number that comes twice is a clone', () => {
  expect(after([one(1), one(2), one(2), one(1)])).toMatchObject({
    clones: 2,
    report: '2 numbers of worker-7 came twice with different events: two producers may share its name',
  })
})

test('a restart counts from anew, and late events of the life before still fill its gaps', () => {
  const events = [one(1), one(4), one(1, { epoch: 2 }), one(2), one(2, { epoch: 2 }), one(3)]
  expect(after(events)).toMatchObject({ epoch: 2, high: 2, restarts: 1, gaps: [], clones: 0, received: 6 })
  expect(after(events.slice(0, -1)).gaps).toMatchObject([{ epoch: 1, from: 3, to: 3 }])
})

test('whatever order its events come in, the same is missing and the same is double', () => {
  const numbers = fc.array(fc.record({ seq: fc.nat(60), epoch: fc.nat(2) }), { minLength: 1, maxLength: 120 })
  fc.assert(
    fc.property(
      numbers.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
      ([list, shuffled]) => {
        const shown = ({ gaps, clones, high, epoch, received, restarts }: ProducerBody) => ({
          gaps,
          clones,
          high,
          epoch,
          received,
          restarts,
        })
        const body = after(list.map(({ seq, epoch }) => one(seq, { epoch })))
        expect(shown(after(shuffled.map(({ seq, epoch }) => one(seq, { epoch }))))).toEqual(shown(body))
        const lives = Map.groupBy(list, ({ epoch }) => epoch)
        expect(body.clones).toBe(list.length - new Set(list.map(({ seq, epoch }) => `${epoch}/${seq}`)).size)
        for (const [epoch, own] of lives) {
          const seqs = new Set(own.map(({ seq }) => seq))
          const holes = Array.from({ length: 61 }, (_, seq) => seq).filter(
            (seq) => !seqs.has(seq) && seq > Math.min(...seqs) && seq < Math.max(...seqs),
          )
          const shownHoles = body.gaps
            .filter((gap) => gap.epoch === epoch)
            .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
          expect(shownHoles).toEqual(holes)
        }
      },
    ),
  )
})

test('however broken a producer is, what is kept of it is bounded, and nothing is called a clone that may not be one', () => {
  const body = after(Array.from({ length: 5_000 }, (_, i) => one(i * 2)))
  expect(JSON.stringify(body).length).toBeLessThan(100_000)
  expect(body.gaps).toHaveLength(100)
  for (let i = 0; i < 5_000; i += 1) observe(body, one(i * 2 + 1))
  expect(body.clones).toBe(0)
  for (let epoch = 2; epoch < 50; epoch += 1) observe(body, one(1, { epoch }))
  observe(body, one(3, { epoch: 1 }))
  expect(body.lives.length).toBeLessThan(10)
  expect(body).toMatchObject({ restarts: 48, clones: 0 })
})
