/** How much goes on in each pixel of the overview: tasks worked on and calls, and whether one failed. Pure. */
import { endedBadly, endOf, type Swimlanes } from './layout.ts'
import type { Window } from './window.ts'

export interface Density {
  readonly counts: Float32Array
  /** 1 where something failed. */
  readonly failed: Uint8Array
  readonly most: number
}

export function densityOf({ lanes }: Swimlanes, { from, to }: Window, pixels: number, now: number): Density {
  const changes = new Float32Array(pixels + 1)
  const failed = new Uint8Array(pixels)
  const pixelOf = (time: number) => Math.max(0, Math.min(pixels - 1, Math.floor(((time - from) / (to - from)) * pixels)))
  for (const lane of lanes) {
    const add = (thing: { readonly from: number; readonly to: number | undefined }, hasFailed: boolean) => {
      const last = pixelOf(endOf(thing, lane.goneAt, now))
      const first = pixelOf(thing.from)
      changes[first] = (changes[first] ?? 0) + 1
      changes[last + 1] = (changes[last + 1] ?? 0) - 1
      // A failure is told where it became known.
      if (hasFailed) failed[last] = 1
    }
    for (const bar of lane.bars) if (bar.state !== 'submitted') add(bar, endedBadly(bar))
    for (const list of [lane.models, lane.tools]) for (const mark of list) add(mark, mark.failed)
  }
  const counts = new Float32Array(pixels)
  let [running, most] = [0, 0]
  for (let x = 0; x < pixels; x += 1) {
    running += changes[x] ?? 0
    counts[x] = running
    most = Math.max(most, running)
  }
  return { counts, failed, most }
}
