/** Cursors that people may have written themselves: of the live feeds (first byte even), and of lists. */

import { decodeKey } from '@signalbox/server/api/page.ts'
import { Refused } from '@signalbox/server/http/problem.ts'
import { decodeCursor, encodeCursor } from '@signalbox/server/live/cursor.ts'
import { must, type Target } from '../fuzz.ts'

const lists = [
  ['agents', ['text']],
  ['runs', ['number', 'text']],
  ['events id desc', ['id']],
  ['events position asc', ['number']],
] as const

const heads = [[0], [1, 2], [127, 128], [2 ** 53 - 1, 0], Array.from({ length: 64 }, (_, n) => n * 1_000)]
const keys = [
  ['agents', 'agent-1'],
  ['runs', 1_700_000_000_000, 'run-1'],
  ['events id desc', '01900000-0000-7000-8000-000000000000'],
  ['events position asc', 17],
]

export const cursors: Target = {
  name: 'cursors',
  expects: ['cursor', 'none of ours', 'key', 'BAD_CURSOR'],
  seeds: () => [
    ...heads.map((positions) => Buffer.from(`\u0000${encodeCursor({ epoch: '0a1b2c3d', positions })}`)),
    ...keys.map((key, n) => Buffer.from(`${String.fromCharCode(1 + 2 * n)}${Buffer.from(JSON.stringify(key)).toString('base64url')}`)),
    // Not encoded, so that its JSON is changed as JSON.
    ...keys.map((key, n) => Buffer.from(`${String.fromCharCode(129 + 2 * n)}\n${JSON.stringify(key)}`, 'latin1')),
  ],
  check(input) {
    const [pick = 0] = input
    const rest = Buffer.from(input.subarray(1))
    const text = pick < 128 ? rest.toString() : rest.subarray(1).toString('base64url')
    return pick % 2 === 0 ? live(text) : list(text, (pick % 128) >> 1)
  },
}

function live(text: string): string {
  const decoded = decodeCursor(text)
  if (decoded === undefined) return 'none of ours'
  must(/^[0-9a-f]{8}$/.test(decoded.epoch), 'the epoch is eight digits')
  for (const position of decoded.positions) must(Number.isSafeInteger(position) && position >= 0, 'positions are whole')
  must(JSON.stringify(decodeCursor(encodeCursor(decoded))) === JSON.stringify(decoded), 'it comes back as it was')
  return 'cursor'
}

function list(text: string, n: number): string {
  const [name, kinds] = lists[n % lists.length] ?? lists[0]
  try {
    const key = decodeKey(name, kinds, text)
    must(key?.length === kinds.length, 'a key has all its parts')
    for (const [i, kind] of kinds.entries())
      must(kind === 'number' ? Number.isSafeInteger(key[i]) : typeof key[i] === 'string', `part ${i} is a ${kind}`)
    return 'key'
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    must(error.init.code === 'BAD_CURSOR', `${error.init.code} is BAD_CURSOR`)
    return 'BAD_CURSOR'
  }
}
