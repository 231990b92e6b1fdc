/**
 * Values by key, oldest first, each step in the same time however many came and went. A `Map` has that order too, but who takes its oldest
 * out again and again walks over all that went before (of 100,000: a door was a fifth as fast), and who keeps an iterator instead keeps every table
 * that the map outgrows (50 bytes for each time that one of few was moved to its end).
 */
export interface ByAge<Value> {
  readonly size: () => number
  get(key: string): Value | undefined
  /** From now on it is the newest. */
  put(key: string, value: Value): void
  takeOldest(): readonly [key: string, value: Value] | undefined
  /** None may be put or taken meanwhile. */
  oldestFirst(): Iterable<readonly [key: string, value: Value]>
}

interface Entry<Value> {
  readonly key: string
  value: Value
  older: Entry<Value> | undefined
  newer: Entry<Value> | undefined
}

export function createByAge<Value>(): ByAge<Value> {
  const entries = new Map<string, Entry<Value>>()
  let oldest: Entry<Value> | undefined
  let newest: Entry<Value> | undefined

  function unlink(entry: Entry<Value>): void {
    const { older, newer } = entry
    if (older === undefined) oldest = newer
    else older.newer = newer
    if (newer === undefined) newest = older
    else newer.older = older
    // One that went and is not collected yet would keep all that came after it.
    entry.older = undefined
    entry.newer = undefined
  }

  function append(entry: Entry<Value>): void {
    entry.older = newest
    if (newest === undefined) oldest = entry
    else newest.newer = entry
    newest = entry
  }

  return {
    size: () => entries.size,
    get: (key) => entries.get(key)?.value,
    put(key, value) {
      const known = entries.get(key)
      const entry = known ?? { key, value, older: undefined, newer: undefined }
      if (known === undefined) entries.set(key, entry)
      else {
        known.value = value
        unlink(known)
      }
      append(entry)
    },
    takeOldest() {
      if (oldest === undefined) return undefined
      const { key, value } = oldest
      unlink(oldest)
      entries.delete(key)
      return [key, value]
    },
    *oldestFirst() {
      for (let entry = oldest; entry !== undefined; entry = entry.newer) yield [entry.key, entry.value]
    },
  }
}
