import type { Work } from './slices.ts'

/** At one go. */
export function whole<T>(work: Work<T>): T {
  let next = work.next()
  while (next.done !== true) next = work.next()
  return next.value
}
