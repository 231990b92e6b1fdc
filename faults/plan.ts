/** Which faults strike which world: those without a setting share one, the others have one for each setting. */
import { atPoints } from './failpoints/at-points.ts'
import { faults as ofTheBox } from './inject/faults.ts'
import { networkFaults } from './inject/net/faults.ts'
import { rival } from './inject/rival.ts'
import { missingOf } from './needs.ts'
import type { Fault } from './world/world.ts'

export const allFaults: readonly Fault[] = [...ofTheBox, ...networkFaults, rival, atPoints('kill', 8), atPoints('stall', 8)]

export interface Scenario {
  readonly name: string
  readonly faults: readonly Fault[]
  /** In all; default: each fault once. */
  readonly strikes?: number
  /** Default: the run's. */
  readonly eventsPerSecond?: number
}

export interface Plan {
  readonly scenarios: readonly Scenario[]
  readonly notRun: readonly { readonly fault: string; readonly why: string }[]
}

/** `only`: parts of names; none: all. Refuses parts that name nothing. */
export function planOf(only: readonly string[]): Plan {
  for (const part of only)
    if (!allFaults.some(({ name }) => name.includes(part)))
      throw new Error(`No fault is named "${part}". There are: ${allFaults.map(({ name }) => name).join('; ')}.`)
  const wanted = allFaults.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
  const notRun: { fault: string; why: string }[] = []
  const bySetting = new Map<string, Fault[]>()
  for (const fault of wanted) {
    const missing = missingOf(fault.needs ?? [])
    if (missing.length > 0) {
      notRun.push({ fault: fault.name, why: `needs ${missing.join(', ')}` })
      continue
    }
    const key = JSON.stringify(fault.setting ?? {})
    bySetting.set(key, [...(bySetting.get(key) ?? []), fault])
  }
  const scenarios = [...bySetting].map(([key, faults]) => ({ name: key === '{}' ? 'one server' : nameOf(faults), faults }))
  return { scenarios, notRun }
}

const nameOf = ([first, ...rest]: readonly Fault[]): string => {
  if (first?.setting?.database !== undefined) return 'a database behind a proxy'
  return rest.length === 0 ? (first?.name ?? '') : `${first?.name} and ${rest.length} like it`
}
