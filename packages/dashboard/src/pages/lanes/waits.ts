/** When an agent waits for its workers: what it gave away is open, and it makes no call itself. Pure. */
import type { TaskRow } from '@signalbox/model/rows.ts'

export interface Span {
  readonly from: number
  /** Undefined while it goes on. */
  readonly to: number | undefined
}

const forever = Number.POSITIVE_INFINITY

/** In ascending order, without overlaps. */
function united(spans: readonly Span[]): readonly Span[] {
  const whole: { from: number; to: number | undefined }[] = []
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = whole.at(-1)
    if (last === undefined || from > (last.to ?? forever)) whole.push({ from, to })
    else if (last.to !== undefined) last.to = to === undefined ? undefined : Math.max(last.to, to)
  }
  return whole
}

/** What of the first is not in the second; both united. */
function without(spans: readonly Span[], taken: readonly Span[]): readonly Span[] {
  const left: Span[] = []
  let i = 0
  for (const { from, to } of spans) {
    let at = from
    while ((taken[i]?.to ?? forever) <= from && i < taken.length) i += 1
    for (let j = i; j < taken.length && at < (to ?? forever); j += 1) {
      const cut = taken[j]
      if (cut === undefined || cut.from >= (to ?? forever)) break
      if (cut.from > at) left.push({ from: at, to: cut.from })
      at = Math.max(at, cut.to ?? forever)
    }
    if (at < (to ?? forever)) left.push({ from: at, to })
  }
  return left
}

/** By agent: when something it gave to another was open. A task belongs to who has its parent, or else to who created it. */
export function givenAway(tasks: readonly TaskRow[]): ReadonlyMap<string, readonly Span[]> {
  const holders = new Map(tasks.map((task) => [task.id, task.assignee?.value ?? task.createdBy]))
  const open = new Map<string, Span[]>()
  for (const { parent, createdBy, assignee, openedAt, endedAt } of tasks) {
    const giver = (parent === undefined ? undefined : holders.get(parent)) ?? createdBy
    if (giver === undefined || assignee === undefined || assignee.value === giver) continue
    const from = Math.max(openedAt, assignee.at)
    const span = { from: Math.min(from, endedAt ?? from), to: endedAt }
    const held = open.get(giver)
    if (held === undefined) open.set(giver, [span])
    else held.push(span)
  }
  return new Map(Array.from(open, ([giver, spans]) => [giver, united(spans)]))
}

export const waitsOf = (given: readonly Span[] | undefined, calls: readonly Span[]): readonly Span[] =>
  given === undefined ? [] : without(given, united(calls))

export const isWithin = (spans: readonly Span[], time: number): boolean =>
  spans.some(({ from, to }) => time >= from && time < (to ?? forever))
