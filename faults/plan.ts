/** Which faults strike which world: those without a setting share one, the others have one for each setting. */
import { atPoints } from './failpoints/at-points.ts'
import { faultsOfTheBox } from './inject/faults.ts'
import { networkFaults } from './inject/net/faults.ts'
import { rival } from './inject/rival.ts'
import { missingOf } from './needs.ts'
import type { ScenarioOptions } from './world/run.ts'
import type { Fault } from './world/world.ts'

const longestFreezeMs = { usual: 15_000, soak: 60_000 } as const

const allFaults = (isSoak: boolean): readonly Fault[] => [
  ...faultsOfTheBox(longestFreezeMs[isSoak ? 'soak' : 'usual']),
  ...networkFaults,
  rival,
  atPoints('kill', 8),
  atPoints('stall', 8),
]

export type Scenario = Pick<ScenarioOptions, 'name' | 'faults' | 'strikes' | 'opening' | 'sights' | 'eventsPerSecond'>

export interface Plan {
  readonly scenarios: readonly Scenario[]
  readonly notRun: readonly { readonly fault: string; readonly why: string }[]
}

/** `only`: parts of names; none: all. Refuses parts that name nothing. `isSoak`: faults may last long. */
export function planOf(only: readonly string[], isSoak: boolean): Plan {
  const faults = allFaults(isSoak)
  for (const part of only)
    if (!faults.some(({ name }) => name.includes(part)))
      throw new Error(`No fault is named "${part}". There are: ${faults.map(({ name }) => name).join('; ')}.`)
  const wanted = faults.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
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
  if (first?.setting?.network !== undefined) return 'a server in a network of its own'
  return rest.length === 0 ? (first?.name ?? '') : `${first?.name} and ${rest.length} like it`
}
