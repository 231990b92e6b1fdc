import { uuidv7 } from '@signalbox/model/ids.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chunksOf, mostChunkEvents, openChunk } from './chunk.ts'
import { cellOf, copyLine, type LogRow, toText } from './log-row.ts'

const text = fc.oneof(fc.constantFrom('\\N', '\\', 'a\tb', 'line\nend', '\r\\t', ''), fc.string({ unit: 'grapheme' }))
const orNull = fc.option(text)
const row = fc.record({
  ...{ time: fc.nat(), received_at: fc.nat(), seq: fc.option(fc.nat()), epoch: fc.option(fc.nat()) },
  ...{ tenant: text, source: text, type: text, run: orNull, agent: orNull, task: orNull, cause: orNull, trace: orNull },
  ...{ data: fc.json(), gap: fc.constantFrom(1, 1, 1, 2) },
})
const rowsOf = fc.array(row, { minLength: 1, maxLength: 40 }).map((all) => {
  let position = 0
  return all.map(({ gap, time, received_at, seq, epoch, ...texts }): LogRow => {
    position += gap
    const numbers = { seq: seq === null ? null : String(seq), epoch: epoch === null ? null : String(epoch) }
    return {
      ...texts,
      ...numbers,
      time: String(time),
      received_at: String(received_at),
      position: String(position),
      id: uuidv7(time),
      partition: 3,
    }
  })
})

test('whatever texts events have, a chunk reads back as they were, and each is in a stretch without gaps', () => {
  fc.assert(
    fc.property(rowsOf, (rows) => {
      const chunks = [...chunksOf(rows)]
      expect(chunks.flatMap(({ lines }) => openChunk(lines))).toEqual(rows)
      for (const { first, last, lines } of chunks)
        expect(openChunk(lines).map(({ position }) => Number(position))).toEqual(
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        )
    }),
  )
})

test('of a chunk those lines are read that have what is looked for, a run that is wanted among them', () => {
  fc.assert(
    fc.property(rowsOf, fc.nat(), (rows, n) => {
      const like = rows[n % rows.length]
      const cells = [[cellOf(like?.type ?? '')], ...(like?.run == null ? [] : [[cellOf(like.run), cellOf('no run')]])]
      const found = [...chunksOf(rows)].flatMap(({ lines }) => openChunk(lines, cells))
      const line = (row: LogRow) => copyLine(toText(row))
      expect(found).toEqual(rows.filter((row) => cells.every((some) => some.some((cell) => line(row).includes(cell)))))
      expect(found).toContainEqual(like)
    }),
  )
})

test('no chunk has more events than readers take for the most', () => {
  const many = Array.from({ length: 1_201 }, (_, i) => ({
    ...fc.sample(row, { numRuns: 1, seed: 1 })[0],
    position: String(i + 1),
    time: '1',
    received_at: '1',
    seq: null,
    epoch: null,
    id: uuidv7(i),
    partition: 0,
  })) as LogRow[]
  expect([...chunksOf(many)].map(({ first, last }) => last - first + 1)).toEqual([mostChunkEvents, mostChunkEvents, 201])
})
