/** The event loop's turns: work that takes long lets others have the thread between its slices. */

/** Resolves when all who were ready to go on had their turn. */
export const nextTurn = (): Promise<void> => new Promise((resume) => setImmediate(resume))

/** Milliseconds: what waits for the thread meanwhile hardly notices. */
const sliceMs = 1

/** Of one piece of work that many small ones make up. */
export interface Slices {
  /** Look after each small piece of the work; then await `next`. */
  isOver(): boolean
  next(): Promise<void>
}

/** What each becomes, one after the other. */
export async function inSlices<T>(items: Iterable<T>, textOf: (item: T) => string, slices: Slices): Promise<string> {
  let text = ''
  for (const item of items) {
    if (slices.isOver()) await slices.next()
    text += textOf(item)
  }
  return text
}

export function createSlices(): Slices {
  let until = performance.now() + sliceMs
  return {
    isOver: () => performance.now() >= until,
    async next() {
      await nextTurn()
      until = performance.now() + sliceMs
    },
  }
}
