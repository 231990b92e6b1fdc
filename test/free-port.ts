import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that systems give to whoever asks for any, as PostgreSQL does meanwhile: none of them takes it before its server does. */
const ports = { first: 20_000, count: 10_000 } as const
const mostTries = 50

/** One where nobody listens. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const port = ports.first + Math.floor(Math.random() * ports.count)
    const probe = createServer()
    const isFree = await once(probe.listen(port, '127.0.0.1'), 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
  throw new Error('No free port.')
}
