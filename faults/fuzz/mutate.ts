/** Breeds inputs: bytes flipped, cut, doubled, spliced, tokens set in; and what is JSON changed as JSON, so that it gets past the parser. */
import type { Dice } from '@signalbox/cli/demo/dice.ts'
import { mutateJson } from './mutate-json.ts'
import { tokens } from './tokens.ts'

/** Longer ones are cut: what is wrong with them shows in short ones too, and short ones are tried more often. */
const mostBytes = 64 * 1024

type Mutation = (dice: Dice, input: Uint8Array, pool: readonly Uint8Array[]) => Uint8Array

const placeIn = (dice: Dice, input: Uint8Array) => dice.count(0, input.length)
function stretchOf(dice: Dice, input: Uint8Array): Uint8Array {
  const from = placeIn(dice, input)
  return input.subarray(from, from + dice.count(1, dice.chance(0.8) ? 16 : 2_000))
}
const inserted = (input: Uint8Array, at: number, what: Uint8Array, over = 0) =>
  Buffer.concat([input.subarray(0, at), what, input.subarray(at + over)])

function withByte(dice: Dice, input: Uint8Array, change: (byte: number) => number): Uint8Array {
  if (input.length === 0) return input
  const changed = Uint8Array.from(input)
  const at = dice.count(0, input.length - 1)
  changed[at] = change(changed[at] ?? 0)
  return changed
}

const telling = [0x00, 0x01, 0x7f, 0x80, 0xff, 0xc1, 0xd9, 0xdd, 0xdf, 0x0a, 0x22, 0x5c, 0x7b, 0x7d]

const mutations: readonly Mutation[] = [
  (dice, input) => withByte(dice, input, (byte) => byte ^ (1 << dice.count(0, 7))),
  (dice, input) => withByte(dice, input, () => dice.pick(telling)),
  (dice, input) => withByte(dice, input, () => dice.count(0, 255)),
  (dice, input) => input.subarray(0, placeIn(dice, input)),
  (dice, input) => input.subarray(placeIn(dice, input)),
  (dice, input) => inserted(input, placeIn(dice, input), new Uint8Array(), dice.count(1, 32)),
  (dice, input) => {
    const stretch = stretchOf(dice, input)
    const times = dice.chance(0.9) ? dice.count(1, 4) : dice.count(5, 2_000)
    return inserted(input, placeIn(dice, input), Buffer.concat(Array.from({ length: times }, () => stretch)).subarray(0, mostBytes))
  },
  (dice, input) => inserted(input, placeIn(dice, input), dice.pick(tokens), dice.chance(0.5) ? dice.count(0, 8) : 0),
  (dice, input, pool) => inserted(input, placeIn(dice, input), stretchOf(dice, dice.pick(pool)), dice.count(0, 16)),
  (dice, input, pool) => {
    const other = dice.pick(pool)
    return Buffer.concat([input.subarray(0, placeIn(dice, input)), other.subarray(placeIn(dice, other))])
  },
  (dice, input, pool) => Buffer.concat([input, dice.chance(0.5) ? dice.pick(tokens) : stretchOf(dice, dice.pick(pool))]),
  withNumber,
  asJson,
  asJson,
  asJson,
]

const numbers = [
  '0',
  '-0',
  '-1',
  '1e400',
  '1e-400',
  '9007199254740993',
  '4294967296',
  '2147483648',
  '0.1',
  '1E3',
  '00',
  'NaN',
  '"1"',
  'null',
]

function withNumber(dice: Dice, input: Uint8Array): Uint8Array {
  const text = Buffer.from(input).toString('latin1')
  const found = [...text.matchAll(/-?\d+/g)]
  if (found.length === 0) return input
  const { index, 0: digits } = dice.pick(found)
  return inserted(input, index, Buffer.from(dice.pick(numbers)), digits.length)
}

/** Lines by themselves, or the whole; what is not JSON stays as it is. */
function asJson(dice: Dice, input: Uint8Array): Uint8Array {
  const lines = Buffer.from(input).toString().split('\n')
  const at = dice.count(0, lines.length - 1)
  try {
    lines[at] = mutateJson(dice, JSON.parse(lines[at] ?? ''))
  } catch {
    return withByte(dice, input, (byte) => byte ^ 1)
  }
  return Buffer.from(lines.join('\n'))
}

export function mutate(dice: Dice, input: Uint8Array, pool: readonly Uint8Array[]): Uint8Array {
  let bred = input
  for (let n = dice.chance(0.5) ? 1 : dice.count(2, 6); n > 0; n -= 1) bred = dice.pick(mutations)(dice, bred, pool).subarray(0, mostBytes)
  return bred
}
