/**
 * `--kills` and `--cuts`: one end after the other, as fast as the server comes back, in histories that are each judged as every other.
 * No end makes a writer meet its fence: a rival does, at the beginning of each history, and is not counted among the ends.
 */
import { everySight } from './check/counted.ts'
import { atPoints } from './failpoints/at-points.ts'
import { killCommittingBackend, killPostmaster } from './inject/kill-postgres.ts'
import { killServer, killStarting } from './inject/kill-server.ts'
import { powerCut } from './inject/power-cut.ts'
import { rival } from './inject/rival.ts'
import type { Scenario } from './plan.ts'
import type { Fault } from './world/world.ts'

/** Points are many: they have twice the share of each other kind. */
const killAtPoint = atPoints('kill', 1)
const kills: readonly Fault[] = [killServer, killStarting, killAtPoint, killAtPoint, killPostmaster, killCommittingBackend]
  // All of them in a world that has points.
  .map((fault) => ({ ...fault, setting: killAtPoint.setting ?? {} }))

/** Of one history: so that the longest run is judged in parts, and one that breaks off costs the others nothing. */
const most = { kills: 50, cuts: 10 } as const
/** Light, so that what is counted is ends and not events. */
const eventsPerSecond = 200

export type Series = keyof typeof most

export function seriesOf(name: Series, strikes: number): readonly Scenario[] {
  const faults = name === 'kills' ? kills : [powerCut]
  const parts = Math.ceil(strikes / most[name])
  return Array.from({ length: parts }, (_, part) => ({
    name: `${name}, part ${part + 1} of ${parts}`,
    faults,
    opening: [rival],
    sights: everySight,
    eventsPerSecond,
    strikes: Math.min(most[name], strikes - part * most[name]),
  }))
}
