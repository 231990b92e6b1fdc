/**
 * Projections are written behind the log: a few commits' rows in one transaction, with the position they stand for (`heads.folded`).
 * Who reads them asks for `caughtUp` first, and so sees every event that was acknowledged here before.
 */
export interface Projections {
  /** Resolves when the rows stand for every commit that this process made before the call. */
  caughtUp(): Promise<void>
  /** A writer says, once, how it brings its partition's rows up. */
  bringUpBy(write: () => Promise<void>): void
}

export function createProjections(): Projections {
  const writes: (() => Promise<void>)[] = []
  return {
    async caughtUp() {
      await Promise.all(writes.map((write) => write()))
    },
    bringUpBy(write) {
      writes.push(write)
    },
  }
}
