/** Closed calls become chunks within their limits, and come back out of them as they were. */
import { rowKey } from '@signalbox/model/fold/keys.ts'
import type { CallRow } from '@signalbox/model/rows.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chunkLines, copyCallChunks, hashOfKey, mostCalls, mostSpan, openCalls, UnreadableCalls } from './call-chunk.ts'
import { plainOrNull } from './copy-text.ts'
import type { RowWrite } from './row-columns.ts'

const usage = { inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 2, reasoningTokens: 0, costMicros: 3 }
const text = fc.oneof(fc.constantFrom('\\N', '\\x', 'a\tb', 'line\nend', '\r\\t', ' ', '28', '\u0000'), fc.string({ unit: 'grapheme' }))

const call = fc.record({
  gap: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 3 }) }, fc.constantFrom(mostSpan - 1, mostSpan, 3 * mostSpan)),
  isAgain: fc.boolean(),
  tenant: fc.constantFrom('default', 'a\tb\\'),
  run: fc.constantFrom(undefined, 'r1', 'r1 ', 'r\\n'),
  kind: fc.constantFrom('llm' as const, 'tool' as const),
  error: fc.oneof({ weight: 9, arbitrary: fc.option(text, { nil: undefined }) }, fc.constant('a long one'.repeat(13_000))),
})

const written = fc.array(call, { maxLength: 40 }).map((calls) => {
  let position = 0
  return calls.map(({ gap, isAgain, tenant, run, kind, error }, i): RowWrite & { readonly row: CallRow } => {
    position += gap
    const row: CallRow = { id: `c${i}`, kind, name: 'n', run, outcome: 'finished', error, usage }
    const stored = isAgain ? row : i % 2 === 0 ? undefined : { ...row, outcome: undefined }
    return { tenant, table: 'calls', key: rowKey.call(run, kind, row.id), position, row, stored }
  })
})

const columns = /\((.*)\)/.exec(copyCallChunks)?.[1]?.split(', ') ?? []

/** As PostgreSQL takes them. */
function chunksOf(lines: Buffer) {
  return lines
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const cells = line.split('\t').map((cell) => plainOrNull(cell) ?? '')
      expect(cells).toHaveLength(columns.length)
      const { partition, first, last, count, again, tenant, run, hashes, calls } = Object.fromEntries(
        cells.map((cell, i) => [columns[i], cell]),
      )
      const numbers = { partition: Number(partition), first: Number(first), last: Number(last), count: Number(count) }
      expect(calls?.slice(0, 2)).toBe('\\x')
      return { ...numbers, ...{ again, tenant, run, hashes }, calls: Buffer.from(calls?.slice(2) ?? '', 'hex') }
    })
}

async function expectHeld(calls: readonly (RowWrite & { readonly row: CallRow })[]) {
  const chunks = chunksOf(await chunkLines(3, calls.toReversed()))
  const found = chunks.flatMap(({ partition, first, last, count, again, tenant, run, hashes, calls: value }) => {
    const own = openCalls(value)
    const positions = own.map(({ position }) => position)
    expect(positions).toEqual(positions.toSorted((a, b) => a - b))
    expect([partition, first, last, count]).toEqual([3, positions[0], positions.at(-1), own.length])
    expect(last - first).toBeLessThan(mostSpan)
    expect(count).toBeLessThanOrEqual(mostCalls)
    expect(hashes).toBe(`{${own.map(({ key }) => hashOfKey(key)).join()}}`)
    expect(new Set(own.map(({ row }) => row.run ?? ''))).toEqual(new Set([run]))
    expect(openCalls(value, (i) => i % 2 === 1)).toEqual(own.filter((_, i) => i % 2 === 1))
    return own.map(({ position, key, json }) => ({ position, tenant, key, again, json }))
  })
  // The primary key.
  expect(new Set(chunks.map(({ tenant, run, last }) => `${tenant}\n${run}\n${last}`)).size).toBe(chunks.length)
  expect(found.sort((a, b) => a.position - b.position)).toEqual(
    calls.map(({ position, tenant, key, row, stored }) => ({
      ...{ position, tenant, key },
      again: String(stored !== undefined && (stored as CallRow).outcome !== undefined),
      json: JSON.stringify(row),
    })),
  )
  return chunks
}

test('whatever closed, and however it is named', async () => {
  await fc.assert(fc.asyncProperty(written, async (calls) => void (await expectHeld(calls))))
})

test('more than a chunk takes are some', async () => {
  const row: CallRow = { id: '', kind: 'llm', name: 'n', run: 'r', outcome: 'finished', usage }
  const calls = Array.from({ length: 2 * mostCalls + 1 }, (_, i) => {
    const own = { ...row, id: `c${i}` }
    return {
      tenant: 'default',
      table: 'calls' as const,
      key: rowKey.call('r', 'llm', own.id),
      position: i + 1,
      row: own,
      stored: undefined,
    }
  })
  expect((await expectHeld(calls)).map(({ count }) => count)).toEqual([mostCalls, mostCalls, 1])
})

test('a chunk that a disk spoiled is no other calls', async () => {
  const error = 'e'.repeat(2_000)
  const row: CallRow = { id: 'c', kind: 'llm', name: 'n', run: 'r', outcome: 'failed', error, usage }
  const lines = await chunkLines(0, [
    { tenant: 'default', table: 'calls', key: rowKey.call('r', 'llm', 'c'), position: 1, row, stored: undefined },
  ])
  const [value = Buffer.alloc(0)] = chunksOf(lines).map(({ calls }) => calls)
  for (let at = 0; at < value.length; at += 1) {
    const spoiled = Buffer.from(value)
    spoiled[at] = (spoiled[at] ?? 0) ^ 0x10
    let json: string | undefined
    try {
      json = openCalls(spoiled)[0]?.json
    } catch (error) {
      expect(error).toBeInstanceOf(UnreadableCalls)
      continue
    }
    // A bit of the header that says nothing.
    expect(json, `byte ${at}`).toBe(JSON.stringify(row))
  }
  const plain = Buffer.from('1 {"id":"c","kind":"llm"}\n')
  expect(openCalls(plain)).toHaveLength(1)
  for (let length = 1; length < plain.length; length += 1) expect(() => openCalls(plain.subarray(0, length))).toThrow(UnreadableCalls)
})
