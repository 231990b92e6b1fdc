/** Sums over the last so-and-so long, for thousands of subjects at once: counts in buckets of time, in flat arrays. */

export interface Window {
  /** Moves the end of the window; what is older than its length leaves the sums. A clock that goes back moves nothing. */
  advance(now: number): void
  /** Counts something that happened to a subject; what is older than the window is not of it, what lies ahead is of now. */
  add(subject: number, count: number, at: number): void
  sum(subject: number): number
  /** Of all subjects. */
  total(): number
  /** The subject's buckets, oldest first; the last is under way. */
  read(subject: number, into: number[]): readonly number[]
  /** Forgets what was counted of all. */
  clear(): void
}

/** What one bucket holds at most; more counts as this. */
const most = 0xffff_ffff

export function createWindow(buckets: number, bucketMs: number): Window {
  /** Of how many subjects there is room; a bucket's counts stand side by side, so that it leaves in one sweep. */
  let room = 256
  let counts = new Uint32Array(buckets * room)
  let sums = new Float64Array(room)
  let total = 0
  /** Number of the newest bucket since the epoch. */
  let head = 0

  function grow(subject: number) {
    let wider = room
    while (wider <= subject) wider *= 2
    const moved = new Uint32Array(buckets * wider)
    for (let bucket = 0; bucket < buckets; bucket += 1) moved.set(counts.subarray(bucket * room, (bucket + 1) * room), bucket * wider)
    const kept = new Float64Array(wider)
    kept.set(sums)
    counts = moved
    sums = kept
    room = wider
  }

  const self: Window = {
    advance(now) {
      const to = Math.floor(now / bucketMs)
      if (to - head >= buckets) {
        self.clear()
        head = to
      }
      while (head < to) {
        head += 1
        const from = (head % buckets) * room
        for (let subject = 0; subject < room; subject += 1) {
          const left = counts[from + subject] ?? 0
          if (left === 0) continue
          sums[subject] = (sums[subject] ?? 0) - left
          total -= left
        }
        counts.fill(0, from, from + room)
      }
    },
    add(subject, count, at) {
      const bucket = Math.min(head, Math.floor(at / bucketMs))
      if (count <= 0 || bucket <= head - buckets) return
      if (subject >= room) grow(subject)
      const place = (bucket % buckets) * room + subject
      const had = counts[place] ?? 0
      const has = Math.min(most, had + Math.round(count))
      counts[place] = has
      sums[subject] = (sums[subject] ?? 0) + has - had
      total += has - had
    },
    sum: (subject) => sums[subject] ?? 0,
    total: () => total,
    read(subject, into) {
      for (let i = 0; i < buckets; i += 1) into[i] = subject < room ? (counts[((head + 1 + i) % buckets) * room + subject] ?? 0) : 0
      return into
    },
    clear() {
      counts.fill(0)
      sums.fill(0)
      total = 0
    },
  }
  return self
}
