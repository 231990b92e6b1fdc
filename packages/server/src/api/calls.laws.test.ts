/** Pages of a run's calls, read while calls begin, close and are told of again, miss none and say of each the newest last. */
import type { EventInput } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callsAsRows } from '../store/rows.testing.ts'
import { stopDatabases } from '../store/testing.ts'
import { startTestApi, type TestApi } from './testing.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

interface CallView {
  readonly id: string
  readonly state: string
  readonly name: string
}
interface Page {
  readonly items: readonly CallView[]
  readonly next: string | null
}

const calls = 14
/** None goes back. */
const order = ['open', 'finished', 'failed']
/** What happens before a page is read. */
const step = fc.record({
  begin: fc.subarray(Array.from({ length: calls }, (_, i) => i)),
  end: fc.subarray(Array.from({ length: calls }, (_, i) => i)),
  fail: fc.subarray(
    Array.from({ length: calls }, (_, i) => i),
    { maxLength: 3 },
  ),
})

let worlds = 0
const event = (run: string, type: string, call: number): EventInput => ({
  ...{ id: uuidv7(Date.now()), time: new Date().toISOString(), source: 'calls', type, run, agent: `w${call % 3}` },
  data: { call: `c${call}`, name: 'say' },
})

test('whatever happens between pages', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom('', '&agent=w1'),
      // A version before chunks wrote what closed before the first page.
      fc.boolean(),
      async (steps, limit, agent, isOfBefore) => {
        const run = `r${worlds++}`
        /** The state of each call now, and those that were there, and so, before the first page. */
        const states = new Map<number, string>()
        const atFirst = new Map<number, string>()
        const seen = new Map<string, string>()
        let cursor = ''
        for (let read = 0; ; read += 1) {
          const { begin = [], end = [], fail = [] } = steps[read] ?? {}
          const sent: EventInput[] = []
          for (const [type, some] of [
            ['tool.started', begin],
            ['tool.finished', end],
            ['tool.failed', fail],
          ] as const)
            for (const call of some) {
              sent.push(event(run, type, call))
              const was = states.get(call)
              if (type === 'tool.failed' || was === 'failed') states.set(call, 'failed')
              else if (type === 'tool.finished' || was === 'finished') states.set(call, 'finished')
              else states.set(call, 'open')
            }
          if (sent.length > 0) await api.send(sent)
          if (read === 0 && isOfBefore) {
            await api.get('/v1/agents')
            await callsAsRows(api.pool)
          }
          if (read === 0) for (const [call, state] of states) atFirst.set(call, state)
          const { body } = await api.get<Page>(`/v1/runs/${run}/calls?limit=${limit}${agent}${cursor}`)
          expect(body.items.length).toBeLessThanOrEqual(limit)
          expect(new Set(body.items.map(({ id }) => id)).size, 'none is twice in a page').toBe(body.items.length)
          for (const { id, state } of body.items) {
            expect(order.indexOf(state), `${id} was ${seen.get(id)} on a page before`).toBeGreaterThanOrEqual(
              order.indexOf(seen.get(id) ?? 'open'),
            )
            seen.set(id, state)
          }
          if (body.next === null) break
          cursor = `&cursor=${encodeURIComponent(body.next)}`
        }
        for (const [call, state] of atFirst) {
          if (agent !== '' && call % 3 !== 1) continue
          // As it was when reading began, or as it became since.
          const told = order.indexOf(seen.get(`c${call}`) ?? '')
          expect(told, `c${call} was ${state}`).toBeGreaterThanOrEqual(order.indexOf(state))
        }
        for (const [id, state] of seen)
          expect(order.indexOf(state)).toBeLessThanOrEqual(order.indexOf(states.get(Number(id.slice(1))) ?? ''))
      },
    ),
    { numRuns: 60 },
  )
})
