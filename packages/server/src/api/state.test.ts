import { pino } from 'pino'
import { expect, test } from 'vitest'
import { event, line } from '../sequencer/testing.ts'
import { stateAt } from './state.testing.ts'

test('an event of the log that the fold cannot take is left out of a moment, without a trace, and said', async () => {
  const it = await line({ partitions: 1 })
  const [first, poison, last] = [event(), event({ type: 'task.created', task: 't1', agent: 'w2' }), event()]
  await it.send([first, poison, last])
  // The writer refuses such an event; one that an older fold took may be in the log.
  await it.store.pool.query("update log set data = 'null' where id = $1", [poison.id])
  const said: unknown[] = []
  const log = pino({ level: 'info' }, { write: (text: string) => void said.push(JSON.parse(text)) })
  const [rows] = await stateAt(it.store, 'default', [3], log)
  expect([...(rows?.entries() ?? [])]).toMatchObject([
    ['agents', 'w1', { events: 2 }],
    ['runs', 'r1', { events: 2 }],
  ])
  expect(said).toMatchObject([{ level: 50, id: poison.id, position: 2 }])
})
