/** Elements of lines that left are used again for lines that came: at a high rate every line in sight is another one at each look. */
export type Slots = ReadonlyMap<number, number>

/** A number for each line in sight: its own from before, else one that is free now. */
export function slotsOf(before: Slots, lines: readonly number[]): Slots {
  const kept = new Map<number, number>()
  for (const n of lines) {
    const own = before.get(n)
    if (own !== undefined) kept.set(n, own)
  }
  const taken = new Set(kept.values())
  let free = 0
  for (const n of lines) {
    if (kept.has(n)) continue
    while (taken.has(free)) free += 1
    kept.set(n, free)
    taken.add(free)
  }
  return kept
}
