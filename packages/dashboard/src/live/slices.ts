/** Long work in short tasks: between two of them the page takes clicks and keys, and draws. */

/** Work that can be put down where it yields; it answers when it is whole. */
export type Work<T> = Generator<undefined, T>

/** A task of so long is not felt, and leaves a frame time for the rest. Of the clock: on a busy machine slices do less. */
export const sliceMs = 6

export interface Sliced<T> {
  /** Works on for one slice at most; true once it is whole. */
  step(): boolean
  /** Undefined until it is whole. */
  value(): T | undefined
}

export function sliced<T>(work: Work<T>, now: () => number): Sliced<T> {
  let done: { readonly value: T } | undefined
  return {
    step() {
      const until = now() + sliceMs
      while (done === undefined) {
        const next = work.next()
        if (next.done === true) done = { value: next.value }
        else if (now() >= until) return false
      }
      return true
    },
    value: () => done?.value,
  }
}

/** Slice after slice, each when `later` comes to it, then `whole`; answers what stops it. */
export function goOn<T>(work: Sliced<T>, later: (run: () => void) => void, whole: () => void): () => void {
  let wanted = true
  const next = () => {
    if (!wanted) return
    if (work.step()) whole()
    else later(next)
  }
  later(next)
  return () => {
    wanted = false
  }
}
