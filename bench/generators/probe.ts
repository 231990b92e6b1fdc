/** Loaded into a measured server before anything of its own: says what it holds and has used when asked, collecting its garbage first if so asked. */
import type { Usage } from '../harness.ts'

/** One pass leaves what its finalizers let go of. */
const passes = 3

process.on('message', (asked) => {
  if (asked === 'collect') for (let pass = 0; pass < passes; pass += 1) globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  process.send?.({ residentBytes: rss, heapBytes: heapUsed, externalBytes: external, cpuMs: (user + system) / 1_000 } satisfies Usage)
})
// A server that is told to stop does not wait for who measures it.
process.channel?.unref()
