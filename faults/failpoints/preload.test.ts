import { expect, onTestFinished, test } from 'vitest'
import { getJson, sendEvents, startServer } from '../../test/server.ts'
import { arm, failpointsEnv, fired, seenPoints } from './arm.ts'

const log = (n: number) => [{ type: 'log', agent: 'a', data: { n } }]

test('a server with fail points serves, and dies where it is told to', async () => {
  const server = await startServer(failpointsEnv)
  onTestFinished(() => server[Symbol.asyncDispose]())
  await sendEvents(server, log(1))
  const order = { point: 'store/log-write.ts:writeCommit:after:1', nth: 2, action: 'kill' } as const
  expect(await seenPoints(server.data)).toContain(order.point)
  await arm(server.data, order)
  expect(await fired(server.data)).toBeUndefined()

  // Committed, and never answered. Until the order is read some may pass.
  await expect(
    (async () => {
      for (let n = 2; n < 1_000; n += 1) await sendEvents(server, log(n))
    })(),
  ).rejects.toThrow()
  expect(await fired(server.data)).toEqual(order)

  await server.start()
  await sendEvents(server, log(0))
  const { items } = await getJson<{ items: readonly { data: { n: number } }[] }>(`${server.url}/v1/events?type=log&limit=1000`)
  const numbers = items.map(({ data }) => data.n).sort((a, b) => a - b)
  expect(numbers).toEqual(numbers.map((_, i) => i))
})
