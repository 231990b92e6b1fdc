/** A short run of faults, so that a law that is broken is seen with every change. The long one is `npm run faults`. */
import { expect, test } from 'vitest'
import { killPostmaster } from './inject/kill-postgres.ts'
import { killServer } from './inject/kill-server.ts'
import { dropAnswers } from './inject/net/drop-answers.ts'
import { reset } from './inject/net/reset.ts'
import { runScenario } from './world/run.ts'

/** Of a machine that is busy with much else; alone it takes some 20 s. */
const patienceMs = 240_000

test('killed server, killed PostgreSQL, broken connections: every law holds, and the run counts', { timeout: patienceMs }, async () => {
  const faults = [killServer, killPostmaster, dropAnswers('clients'), reset('clients')]
  const { findings, uncounted, struck, seen } = await runScenario({ name: 'short', seed: 20, faults, eventsPerSecond: 500 })
  expect(findings).toEqual([])
  expect(uncounted).toEqual([])
  expect(struck.filter(({ fired }) => fired !== undefined)).toHaveLength(faults.length)
  expect(seen['ambiguous-ack']).toBeGreaterThan(0)
})
