/** Changes one thing in a JSON value and answers it as text, since not all that can be written can be held: keys twice, numbers out of range. */
import type { Dice } from '@signalbox/cli/demo/dice.ts'
import { nastyTexts, nastyTimes } from './tokens.ts'

type Holder = unknown[] | Record<string, unknown>
interface Place {
  readonly holder: Holder
  readonly key: string | number
}

const mostPlaces = 400
const isHolder = (value: unknown): value is Holder => typeof value === 'object' && value !== null

function placesOf(root: Holder): Place[] {
  const places: Place[] = []
  const open: Holder[] = [root]
  for (let holder = open.pop(); holder !== undefined && places.length < mostPlaces; holder = open.pop()) {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key })
      const inner = (holder as Record<string, unknown>)[key]
      if (isHolder(inner)) open.push(inner)
    }
  }
  return places
}

const deepestWrapped = 200
function nasty(dice: Dice, was: unknown): unknown {
  if (typeof was === 'string' && /^\d{4}-\d\d/.test(was) && dice.chance(0.4)) return dice.pick(nastyTimes)
  switch (dice.count(0, 9)) {
    case 0:
      return null
    case 1:
      return dice.pick([0, -1, 1.5, 2 ** 53, -(2 ** 53), 1e308, 4_294_967_296, Number.MIN_VALUE])
    case 2:
      return dice.chance(0.5)
    case 3:
      return [was, was]
    case 4:
      return { was, kind: 'batch', n: 1 }
    case 5: {
      let deep: unknown = was
      for (let n = dice.count(1, deepestWrapped); n > 0; n -= 1) deep = dice.chance(0.5) ? [deep] : { a: deep }
      return deep
    }
    case 6:
      return Object.fromEntries(Array.from({ length: dice.count(1, 1_200) }, (_, n) => [`k${n}`, n]))
    case 7:
      return Array.from({ length: dice.count(0, 300) }, () => was)
    default:
      return dice.pick(nastyTexts)
  }
}

const mostChars = 64 * 1024
export function mutateJson(dice: Dice, value: unknown): string {
  const root = { value }
  const { holder, key } = dice.pick(placesOf(root))
  const held = holder as Record<string | number, unknown>
  const was = held[key]
  const roll = dice.between(0, 1)
  if (roll < 0.15 && holder !== root) {
    if (Array.isArray(holder)) holder.splice(Number(key), 1)
    else delete held[key]
  } else if (roll < 0.3 && holder !== root && !Array.isArray(holder)) {
    const name = dice.pick(nastyTexts)
    Object.defineProperty(held, name, { value: was, enumerable: true, configurable: true, writable: true })
  } else if (roll < 0.45) {
    const other = dice.pick(placesOf(root))
    held[key] = structuredClone((other.holder as Record<string | number, unknown>)[other.key])
  } else held[key] = nasty(dice, was)
  return (JSON.stringify(root.value) ?? 'null').slice(0, mostChars)
}
