/** Calls of all strikes that send something of their own: in the history they are one process, whose calls have a number each. */
let calls = 0

export function nextCall(): number {
  calls += 1
  return calls
}
