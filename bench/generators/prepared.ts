/**
 * What is sent is made before the clock starts, as the rows of bare COPY are: both cores are shared, and what is measured is the server.
 * Who sends faster than was thought makes the rest on the way.
 */
export function prepared<T>(make: () => T, count: number): () => T {
  const made = Array.from({ length: Math.ceil(count) }, make)
  let next = 0
  return () => {
    const one = made[next]
    next += 1
    return one ?? make()
  }
}
