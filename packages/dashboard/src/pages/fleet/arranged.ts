/** The fleet as it is shown: who, in which groups, order and lines. Made piece by piece, since ten thousand agents take tens of milliseconds. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import type { Work } from '../../live/slices.ts'
import type { ShownRates } from '../../rates/live.ts'
import { columnsIn, type Density, densityOf, type Heat, heatOf, sizes } from './density.ts'
import { matcher, type Wanted } from './filter.ts'
import { type Group, type Grouping, groupsOf, linesOf, parseFolded } from './order.ts'
import { createRoster, parseSorting } from './sort.ts'

export interface Wish {
  readonly agents: readonly AgentRow[]
  readonly wanted: Wanted
  /** Ids of who needs somebody. */
  readonly attention: ReadonlySet<string>
  readonly grouping: Grouping
  /** As in the address. */
  readonly sort: string
  readonly fold: string
  readonly mode: string
  readonly isTable: boolean
  readonly rates: ShownRates
  /** Room, CSS pixels. */
  readonly width: number
  readonly height: number
}

export interface Arranged {
  /** How many there are, and how many of them are shown. */
  readonly all: number
  readonly shown: number
  readonly groups: readonly Group[]
  readonly grouping: Grouping
  readonly isTable: boolean
  readonly density: Density
  readonly columns: number
  /** Dots have a pitch. */
  readonly made: Heat
  /** What of it the user asked for: another order is read from where the eye is. */
  readonly arrangement: string
  /** And all else but the agents themselves on which their places depend. */
  readonly setting: string
}

/** Agents looked at between two pauses. */
const perPiece = 500

export function createArranger(): (wish: Wish) => Work<Arranged> {
  const roster = createRoster()
  return function* arrange({ agents, wanted, attention, grouping, sort, fold, mode, isTable, rates, width, height }) {
    const inOrder = roster(agents)
    yield
    const matches = matcher(wanted, attention)
    const shown: AgentRow[] = []
    for (let i = 0; matches !== undefined && i < inOrder.length; i += perPiece) {
      for (const agent of inOrder.slice(i, i + perPiece)) if (matches(agent)) shown.push(agent)
      yield
    }
    const members = matches === undefined ? inOrder : shown
    const groups = groupsOf(members, { grouping, sorting: parseSorting(sort), folded: parseFolded(fold), rates, attention })
    yield
    const density = densityOf(mode, members.length)
    const columns = isTable ? 1 : columnsIn(width, sizes[density === 'compact' ? 'compact' : 'tiles'])
    const made =
      !isTable && density === 'heat' ? heatOf(groups, grouping, width, height) : { pitch: 0, lines: linesOf(groups, columns, grouping) }
    const { q, errors, status, role, run, model, host, team } = wanted
    const arrangement = `${isTable} ${density} ${sort} ${grouping} ${errors} ${status} ${role} ${run} ${model} ${host} ${team} ${q}`
    const setting = `${arrangement} ${fold} ${columns} ${width} ${height} ${members.length === 0}`
    return { ...{ all: agents.length, shown: members.length, groups, grouping, isTable, density, columns, made }, arrangement, setting }
  }
}
