import Fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { Unavailable } from '../broker/broker.ts'
import { createFakeClock } from '../clock.fake.ts'
import { opsRoutes } from './health.ts'
import { createMetrics } from './metrics.ts'

async function probed() {
  const clock = createFakeClock(0)
  const canaries: PromiseWithResolvers<void>[] = []
  const faults: unknown[] = []
  const app = Fastify()
  onTestFinished(() => app.close())
  await app.register(
    opsRoutes({
      metrics: createMetrics(),
      clock,
      canary() {
        const made = Promise.withResolvers<void>()
        canaries.push(made)
        return made.promise
      },
      isDraining: () => false,
      onFault: (error) => faults.push(error),
    }),
  )
  const probe = async () => {
    const { statusCode, body } = await app.inject('/readyz')
    return [statusCode, JSON.parse(body)]
  }
  return { clock, canaries, faults, probe }
}

test('probes share one canary while it is under way, however long, and for a second after it', async () => {
  const { clock, canaries, probe } = await probed()
  const first = probe()
  await expect.poll(() => canaries.length).toBe(1)
  clock.advance(60_000)
  const second = probe()
  canaries[0]?.resolve()
  expect(await Promise.all([first, second, probe()])).toEqual(Array(3).fill([200, { status: 'ready' }]))
  expect(canaries).toHaveLength(1)
  clock.advance(1_001)
  const later = probe()
  await expect.poll(() => canaries.length).toBe(2)
  canaries[1]?.resolve()
  expect(await later).toEqual([200, { status: 'ready' }])
})

test.each([
  [new Unavailable('OVERLOADED', 1, false), 'OVERLOADED'],
  [new Error('connect to 10.0.0.7 as secret-user failed'), 'STORE_UNAVAILABLE'],
])('a probe is told a code; %s goes to the log', async (error, code) => {
  const { canaries, faults, probe } = await probed()
  const answer = probe()
  await expect.poll(() => canaries.length).toBe(1)
  canaries[0]?.reject(error)
  const [status, body] = await answer
  expect([status, body]).toMatchObject([503, { status: 'unready', code }])
  expect(JSON.stringify(body)).not.toContain('secret-user')
  expect(faults).toEqual([error])
})

test('a wall clock that is set back does not keep what the canary once said', async () => {
  const { clock, canaries, probe } = await probed()
  const first = probe()
  await expect.poll(() => canaries.length).toBe(1)
  canaries[0]?.resolve()
  await first
  clock.set(-3_600_000)
  clock.advance(1_001)
  const later = probe()
  await expect.poll(() => canaries.length).toBe(2)
  canaries[1]?.resolve()
  await later
})
