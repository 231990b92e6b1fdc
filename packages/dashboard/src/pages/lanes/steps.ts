/** A lane's tasks and calls in the order of time, for who walks it by keys. */
import type { Lane } from './layout.ts'

export interface Stop {
  /** As it stands in the address. */
  readonly sel: string
  readonly at: number
}

export function stopsOf({ bars, models, tools }: Lane): readonly Stop[] {
  const tasks = new Map<string, number>()
  for (const { task, from } of bars) tasks.set(task, Math.min(from, tasks.get(task) ?? from))
  return [
    ...Array.from(tasks, ([task, at]) => ({ sel: `task:${task}`, at })),
    ...[...models, ...tools].map(({ call, from }) => ({ sel: `call:${call}`, at: from })),
  ].sort((a, b) => a.at - b.at)
}

/** From the selected one to the one after or before it; from elsewhere to the first or the last. */
export function stepTo(stops: readonly Stop[], sel: string, by: 1 | -1): Stop | undefined {
  const here = stops.findIndex((stop) => stop.sel === sel)
  if (here < 0) return by === 1 ? stops[0] : stops.at(-1)
  return stops[here + by] ?? stops[here]
}
