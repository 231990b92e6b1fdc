/** Which lanes are shown in which order: pinned ones stand first, and a collapsed lane shows its workers' work as one strip. Pure. */
import { endedBadly, type Lane, type Mark, type Swimlanes } from './layout.ts'

/** Names by comma, as in the address; a comma within one is written as a browser would. */
export const parseNames = (text: string): ReadonlySet<string> =>
  new Set(text === '' ? [] : text.split(',').map((name) => name.replaceAll('%2C', ',').replaceAll('%25', '%')))
export const writeNames = (names: Iterable<string>): string =>
  [...names].map((name) => name.replaceAll('%', '%25').replaceAll(',', '%2C')).join(',')

export function toggled(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const next = new Set(names)
  if (!next.delete(name)) next.add(name)
  return next
}

/** The lane that stands for each: itself, or the outermost collapsed one above it. A pinned lane is never hidden. */
function standIns(lanes: readonly Lane[], pins: ReadonlySet<string>, folds: ReadonlySet<string>): readonly number[] {
  let [folded, end] = [0, 0]
  return lanes.map(({ agent, workers }, i) => {
    if (i < end) return pins.has(agent) ? i : folded
    if (folds.has(agent) && workers > 0) {
      folded = i
      end = i + workers + 1
    }
    return i
  })
}

/** The folds without those that hide what is selected; undefined where nothing of these lanes is, the same ones where it is in sight. */
export function unfolded(
  lanes: readonly Lane[],
  folds: ReadonlySet<string>,
  pins: ReadonlySet<string>,
  sel: string,
): ReadonlySet<string> | undefined {
  const at = lanes.findIndex(({ agent, bars, models, tools }) =>
    sel.startsWith('agent:')
      ? sel === `agent:${agent}`
      : bars.some(({ task }) => sel === `task:${task}`) || [models, tools].some((list) => list.some(({ call }) => sel === `call:${call}`)),
  )
  const lane = lanes[at]
  if (lane === undefined) return undefined
  if (pins.has(lane.agent)) return folds
  const hiding = lanes.filter(({ agent, workers }, i) => folds.has(agent) && i < at && at <= i + workers)
  return hiding.length === 0 ? folds : folds.difference(new Set(hiding.map(({ agent }) => agent)))
}

const workOf = ({ bars, models, tools, goneAt }: Lane): readonly Mark[] => [
  ...bars.flatMap((bar): readonly Mark[] =>
    bar.state === 'submitted' ? [] : [{ call: '', label: '', from: bar.from, to: bar.to ?? goneAt, failed: endedBadly(bar) }],
  ),
  ...[...models, ...tools].map((mark) => ({ ...mark, call: '', label: '', to: mark.to ?? goneAt })),
]

export function arranged(swimlanes: Swimlanes, pins: ReadonlySet<string>, folds: ReadonlySet<string>): Swimlanes {
  if (pins.size === 0 && folds.size === 0) return swimlanes
  const { lanes } = swimlanes
  const shownAs = standIns(lanes, pins, folds)
  const hidden = new Map<number, Lane[]>()
  lanes.forEach((lane, i) => {
    const at = shownAs[i] ?? i
    if (at !== i) hidden.set(at, [...(hidden.get(at) ?? []), lane])
  })
  const shown = lanes.flatMap((lane, i) => {
    if (shownAs[i] !== i) return []
    const under = hidden.get(i)
    const work = under?.flatMap(workOf).sort((a, b) => a.from - b.from)
    const pinned = pins.has(lane.agent)
    // The same one where it is as it was: what is made of it stays too.
    if (!pinned && under === undefined) return [{ i, lane }]
    return [{ i, lane: { ...lane, pinned, depth: pinned ? 0 : lane.depth, under: under && work && { lanes: under, work } } }]
  })
  const ordered = [...shown.filter(({ lane }) => lane.pinned), ...shown.filter(({ lane }) => !lane.pinned)]
  const places = new Map(ordered.map(({ i }, place) => [i, place]))
  const placeOf = (lane: number) => places.get(shownAs[lane] ?? lane) ?? 0
  return {
    ...swimlanes,
    lanes: ordered.map(({ lane }) => lane),
    arrows: swimlanes.arrows
      .map((arrow) => ({ ...arrow, from: placeOf(arrow.from), to: placeOf(arrow.to) }))
      .filter(({ from, to }) => from !== to),
  }
}
