/** A set of sequence numbers as ranges: in order, apart, bounded by forgetting the oldest gap. */
export type Ranges = readonly (readonly [from: number, to: number])[]

/** Undefined when `value` was in already. */
export function include(ranges: Ranges, value: number): Ranges | undefined {
  // Most numbers follow the last one.
  const last = ranges.at(-1)
  if (last !== undefined && value === last[1] + 1) return [...ranges.slice(0, -1), [last[0], value]]
  if (last === undefined || value > last[1]) return [...ranges, [value, value]]
  const at = ranges.findIndex(([, to]) => to >= value - 1)
  const found = ranges[at]
  if (found === undefined) return [...ranges, [value, value]]
  if (value >= found[0] && value <= found[1]) return undefined
  if (value === found[1] + 1) {
    const next = ranges[at + 1]
    if (next !== undefined && next[0] === value + 1) return [...ranges.slice(0, at), [found[0], next[1]], ...ranges.slice(at + 2)]
    return [...ranges.slice(0, at), [found[0], value], ...ranges.slice(at + 1)]
  }
  if (value === found[0] - 1) return [...ranges.slice(0, at), [value, found[1]], ...ranges.slice(at + 1)]
  return [...ranges.slice(0, at), [value, value], ...ranges.slice(at)]
}

export function gapsOf(ranges: Ranges): readonly { readonly from: number; readonly to: number }[] {
  return ranges.slice(1).map(([from], i) => ({ from: (ranges[i]?.[1] ?? 0) + 1, to: from - 1 }))
}

/** Joins the two oldest ranges until at most `most` are left; the gap between them is then no longer reported. */
export function bound(ranges: Ranges, most: number): Ranges {
  const over = ranges.length - most
  if (over <= 0) return ranges
  const first = ranges[0]
  const last = ranges[over]
  return first === undefined || last === undefined ? ranges : [[first[0], last[1]], ...ranges.slice(over + 1)]
}
