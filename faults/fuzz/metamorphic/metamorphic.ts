/** The same events in another way give the same rows: the law, tried on a tenant of a world. */
import type { Dice } from '@signalbox/cli/demo/dice.ts'
import type { EventInput } from '@signalbox/model/event.ts'
import { planOf } from './plan.ts'
import type { Way } from './ways.ts'
import type { World } from './world.ts'

export interface Variant {
  readonly name: string
  readonly ways: readonly Way[]
  /** Share of the places in a stream where something comes again. */
  readonly again: number
  /** Share of the batches before which the server is started again. */
  readonly restarts: number
}

export interface Played {
  readonly rows: ReadonlyMap<string, string>
  readonly stored: number
  readonly duplicates: number
  readonly repeated: number
  readonly restarts: number
  /** Batches that were not answered as they must be. */
  readonly wrong: readonly string[]
}

/** The events producer by producer, whole: what every variant is compared with. */
export const plain: Variant = { name: 'plain', ways: ['rest'], again: 0, restarts: 0 }

export async function play(world: World, dice: Dice, producers: readonly (readonly EventInput[])[], variant: Variant): Promise<Played> {
  const tenant = await world.tenant(variant.name)
  const { batches, repeated } = variant === plain ? { batches: producers, repeated: 0 } : planOf(dice, producers, variant.again)
  const wrong: string[] = []
  let duplicates = 0
  let restarts = 0
  for (const batch of batches) {
    if (dice.chance(variant.restarts)) {
      await world.restart()
      restarts += 1
    }
    const receipt = await tenant.send(dice.pick(variant.ways), batch)
    duplicates += receipt.duplicates ?? 0
    if ((receipt.accepted ?? 0) + (receipt.duplicates ?? 0) !== batch.length) wrong.push(JSON.stringify(receipt))
  }
  return { rows: await tenant.rows(), stored: await tenant.stored(), duplicates, repeated, restarts, wrong }
}

/** Of two sets of rows, by name, with both bodies; empty when they are the same. */
export function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  const names = new Set([...a.keys(), ...b.keys()])
  return [...names].flatMap((name) => (a.get(name) === b.get(name) ? [] : [`${name}:\n${a.get(name)}\n${b.get(name)}`]))
}
