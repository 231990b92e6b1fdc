/**
 * Submissions of every fate in one commit: while a commit waits for the head of its partition, new events, repeats and late ones come in,
 * and are the next commit together. On a quiet machine each would be committed alone.
 */
import { partitionOf, uuidv7 } from '@signalbox/model/ids.ts'
import { nextCall } from '../../inject/calls.ts'
import { connect } from '../../inject/postgres.ts'
import { pause, until } from '../../inject/processes.ts'
import { createRestLine } from '../../world/line.ts'
import { type Item, itemOf } from '../../world/poison.ts'
import type { Fault, World } from '../../world/world.ts'
import { patienceMs, repeatedly } from './plain.ts'

const times = 3
/** Later than whatever the world's own senders send. */
const lateMs = 6 * 3_600_000
/** For requests to come in; far less than a commit may take. */
const gatherMs = 300
const partition = 0
const run = ['gathered-a', 'gathered-b', 'gathered-c', 'gathered-d', 'gathered-e'].find(
  (name) => partitionOf('default', name, 2) === partition,
)

function made(ageMs = 0): Item {
  const time = Date.now() - ageMs
  return itemOf({
    event: {
      id: uuidv7(time),
      source: 'gatherer',
      type: 'log',
      time: new Date(time).toISOString(),
      agent: 'gatherer',
      ...(run && { run }),
    },
  })
}

async function submit({ server, tell }: World, items: readonly Item[]): Promise<void> {
  const call = nextCall()
  tell({ op: 'send', type: 'invoke', call, door: 'rest', events: items.map(({ sent }) => sent) })
  tell({ op: 'send', call, ...(await createRestLine(server.url, patienceMs).send(items.map(({ json }) => json))) })
}

export const gathered: Fault = {
  name: 'submissions of every fate in one commit',
  strike: (world) =>
    repeatedly(times, world, async () => {
      const stored = [made(), made()]
      await submit(world, stored)
      const client = await connect(world)
      let submitting: Promise<unknown> = Promise.resolve()
      try {
        await client.query(`begin; select from heads where partition = ${partition} for update`)
        await until('a commit waits for the head', patienceMs, async () => {
          const { rows } = await client.query(
            `select from pg_stat_activity where application_name = 'signalbox sequencer ${partition} log' and wait_event_type = 'Lock'`,
          )
          return rows.length > 0
        })
        const submissions = [[made()], stored, [made(lateMs)], stored, [made(), ...stored]]
        submitting = Promise.all(submissions.map((items) => submit(world, items)))
        await pause(gatherMs)
      } finally {
        await client.end()
      }
      await submitting
      return 'new events, repeats and late ones gathered'
    }),
}
