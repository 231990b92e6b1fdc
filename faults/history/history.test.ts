import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { canonicalJson, contentHash } from './content.ts'
import type { Told } from './history.ts'
import { readHistory } from './reader.ts'
import { createHistory } from './writer.ts'

function historyFile() {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-history-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'history.jsonl')
}

const invoke = (call: number, events: number): Told => ({
  op: 'send',
  type: 'invoke',
  call,
  door: 'rest',
  events: Array.from({ length: events }, (_, i) => ({ id: `${call}-${i}-é`, source: 's', hash: 'h' })),
})

test('what is told is read in the order in which it was told, by one clock', () => {
  const path = historyFile()
  const history = createHistory(path)
  // Some lines are longer than what is read at once.
  const told = [1, 30_000, 2, 5_000, 1].map((events, call) => ({ process: `p-${call % 2}`, entry: invoke(call, events) }))
  for (const { process, entry } of told) history.tell(process, entry)
  history.close()
  const read = [...readHistory(path)]
  expect(read.map(({ t: _t, ...entry }) => entry)).toEqual(told.map(({ process, entry }) => ({ process, ...entry })))
  expect(read.map(({ t }) => t)).toEqual(read.map(({ t }) => t).toSorted((a, b) => a - b))
})

test('a history that ends within a line, or is no JSON, is not read as a shorter one', () => {
  const path = historyFile()
  const history = createHistory(path)
  history.tell('p', invoke(1, 1))
  history.close()
  history.tell('p', invoke(2, 1))
  expect([...readHistory(path)]).toMatchObject([{ call: 1 }])
  appendFileSync(path, '{"t":')
  expect(() => [...readHistory(path)]).toThrow('ends within a line')
  appendFileSync(path, '\n')
  expect(() => [...readHistory(path)]).toThrow('Line 2')
})

test('content is alike when the server takes two for one event, and differs in every field', () => {
  const sent = { id: '1', source: 's', type: 'a.b', time: '2026-11-26T10:00:00.5Z', run: 'r', data: { a: 1, b: { c: [1, 2], d: null } } }
  const read = {
    ...{ id: '1', partition: 3, position: 9, receivedAt: '2026-11-26T10:00:01.000Z' },
    ...{ data: { b: { d: null, c: [1, 2] }, a: 1 }, run: 'r', time: '2026-11-26T11:00:00.500+01:00', type: 'a.b', source: 's' },
  }
  expect(contentHash(read)).toBe(contentHash(sent))
  expect(contentHash(sent)).toMatch(/^[0-9a-f]{16}$/)
  const { data: _data, ...bare } = sent
  expect(contentHash(bare)).toBe(contentHash({ ...sent, data: {} }))
  const fields = ['source', 'type', 'time', 'run', 'agent', 'task', 'cause', 'seq', 'epoch', 'trace', 'data']
  const others = fields.map((field) => contentHash({ ...sent, [field]: field === 'seq' || field === 'epoch' ? 0 : 'other' }))
  expect(new Set([contentHash(sent), ...others]).size).toBe(fields.length + 1)
  expect(contentHash({ ...sent, data: { a: 1, b: { c: [2, 1], d: null } } })).not.toBe(contentHash(sent))
})

test('canonical text keeps every key, and the order of lists', () => {
  expect(canonicalJson(JSON.parse('{"b":[2,1],"__proto__":{"z":1,"a":2},"10":1,"a":null}'))).toBe(
    '{"10":1,"__proto__":{"a":2,"z":1},"a":null,"b":[2,1]}',
  )
})
