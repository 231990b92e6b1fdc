/** Who plays: managers, each with workers of its own. Ids say that they are of a demonstration; models are of no vendor. */
import type { Dice } from './dice.ts'
import type { Part } from './stage.ts'

export const fewestAgents = 2
export const mostAgents = 200
/** A manager and its workers, about. */
const teamSize = 5

/** Millionths of a dollar a token: input, cached input, output. */
export interface Price {
  readonly input: number
  readonly cached: number
  readonly output: number
}
export const prices: Readonly<Record<string, Price>> = {
  'demo-large': { input: 5, cached: 0.5, output: 25 },
  'demo-medium': { input: 3, cached: 0.3, output: 15 },
  'demo-small': { input: 0.8, cached: 0.08, output: 4 },
}

const managers = ['Harbour', 'Lantern', 'Meridian', 'Orchard', 'Summit', 'Tundra']
const workers =
  'Alder Birch Cedar Dogwood Elder Fir Gorse Hazel Iris Juniper Kelp Larch Maple Nettle Oak Pine Quince Rowan Sorrel Thyme Umbel Vetch Willow Yarrow'.split(
    ' ',
  )

export interface Team {
  readonly manager: Part
  readonly workers: readonly Part[]
}

/** The n-th name of a list, numbered once the list is through. */
const nth = (names: readonly string[], n: number) => {
  const round = Math.floor(n / names.length)
  return `${names[n % names.length]}${round === 0 ? '' : ` ${round + 1}`}`
}
const idOf = (name: string) => `demo/${name.toLowerCase().replaceAll(' ', '-')}`

export function castOf(agents: number, dice: Dice): Team[] {
  const teams = Math.max(1, Math.round(agents / teamSize))
  return Array.from({ length: teams }, (_, t) => {
    const name = nth(managers, t)
    const manager: Part = { id: idOf(name), name, role: 'manager', model: 'demo-large' }
    const mine = Array.from({ length: agents - teams }, (_, w) => w).filter((w) => w % teams === t)
    return {
      manager,
      workers: mine.map((w): Part => {
        const called = nth(workers, w)
        return { id: idOf(called), name: called, role: 'worker', manager: manager.id, model: dice.pick(['demo-medium', 'demo-small']) }
      }),
    }
  })
}
