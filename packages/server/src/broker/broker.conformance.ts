/** What every broker owes, as tests: `brokerLaws('direct', (config) => createDirectBroker(config))`. */
import type { Event } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Ack, BatchHandler, Broker, Submission } from './broker.ts'

export interface BrokerBounds {
  readonly queueEvents: number
  readonly queueBytes: number
  readonly batchEvents: number
}

export type MakeBroker = (bounds: BrokerBounds) => Broker | Promise<Broker>

const bounds: BrokerBounds = { queueEvents: 1_000, queueBytes: 1 << 20, batchEvents: 100 }

function submission(partition: number, count: number, name = '', text = ''): Submission {
  const data = { text }
  const events = Array.from(
    { length: count },
    (): Event => ({
      id: uuidv7(Date.now()),
      tenant: 'default',
      source: `s${name}`,
      type: 'log',
      time: 0,
      data,
      dataJson: JSON.stringify(data),
    }),
  )
  return { partition, events, backfill: false, receivedAt: Date.now() }
}

/** A handler that a test opens and closes like a gate. */
function gate() {
  const batches: (readonly Submission[])[] = []
  let open = true
  let release = () => {}
  let head = 0
  let running = 0
  let mostRunning = 0
  const settle = ({ events }: Submission): Ack => ({
    durability: 'durable',
    outcomes: events.map(() => ({ kind: 'stored', position: ++head })),
    head,
  })
  const handle: BatchHandler = async (batch) => {
    batches.push(batch)
    running += 1
    mostRunning = Math.max(mostRunning, running)
    if (!open)
      await new Promise<void>((resume) => {
        release = resume
      })
    running -= 1
    return batch.map(settle)
  }
  return {
    handle,
    batches,
    mostRunning: () => mostRunning,
    close() {
      open = false
    },
    open() {
      open = true
      release()
    },
  }
}

const turn = () => new Promise((resume) => setImmediate(resume))

export function brokerLaws(name: string, make: MakeBroker): void {
  async function consuming(partitions: readonly number[], handle: BatchHandler, more: Partial<BrokerBounds> = {}) {
    const broker = await make({ ...bounds, ...more })
    const stop = new AbortController()
    const done = broker.consume(partitions, handle, stop.signal)
    onTestFinished(async () => {
      stop.abort()
      await done
    })
    return { broker, stop: () => stop.abort(), done }
  }

  describe(`${name} broker`, () => {
    test('hands over what was published at once when idle, and answers with what became of it', async () => {
      const { handle, batches } = gate()
      const { broker } = await consuming([0], handle)
      const sent = submission(0, 3)
      const ack = await broker.publish(sent)
      expect(ack.outcomes).toEqual([1, 2, 3].map((position) => ({ kind: 'stored', position })))
      expect(batches).toEqual([[sent]])
      expect(broker.depth()).toBe(0)
    })

    test('gathers what comes while a batch is handled into the next, in order, one batch at a time', async () => {
      const it = gate()
      const { broker } = await consuming([0], it.handle)
      it.close()
      const sent = Array.from({ length: 20 }, (_, i) => submission(0, 10, String(i)))
      const acks = sent.map((one) => broker.publish(one))
      await turn()
      it.open()
      await Promise.all(acks)
      expect(it.batches.flat().map(({ events }) => events[0]?.source)).toEqual(sent.map(({ events }) => events[0]?.source))
      expect(it.batches.every((batch) => batch.length <= 10)).toBe(true)
      expect(it.batches.length).toBeLessThan(sent.length / 4)
      expect(it.mostRunning()).toBe(1)
    })

    test('a partition that stands still holds up no other', async () => {
      const [slow, quick] = [gate(), gate()]
      slow.close()
      const { broker } = await consuming([0, 1], (batch, waitedMs) => (batch[0]?.partition === 0 ? slow : quick).handle(batch, waitedMs))
      const waiting = broker.publish(submission(0, 1))
      expect((await broker.publish(submission(1, 1))).outcomes).toHaveLength(1)
      slow.open()
      await waiting
    })

    test('takes a submission larger than a batch whole', async () => {
      const { handle, batches } = gate()
      const { broker } = await consuming([0], handle, { batchEvents: 5 })
      expect((await broker.publish(submission(0, 12))).outcomes).toHaveLength(12)
      expect(batches).toHaveLength(1)
    })

    test.each([
      ['events', { queueEvents: 30 }, ''],
      ['bytes', { queueBytes: 30_000 }, 'x'.repeat(800)],
    ])('refuses by name when its %s are full, and takes again once there is room', async (_, more, text) => {
      const it = gate()
      const { broker } = await consuming([0], it.handle, more)
      it.close()
      const taken = [broker.publish(submission(0, 1))]
      await turn()
      let refused: unknown
      for (let i = 0; i < 10 && refused === undefined; i += 1) {
        const one = broker.publish(submission(0, 10, '', text))
        one.catch((error: unknown) => {
          refused = error
        })
        await turn()
        if (refused === undefined) taken.push(one)
      }
      expect(refused).toMatchObject({ code: 'OVERLOADED', mayBeStored: false })
      expect(broker.depth()).toBeLessThanOrEqual(30)
      it.open()
      expect(await Promise.all(taken)).toHaveLength(taken.length)
      expect((await broker.publish(submission(0, 1))).outcomes).toHaveLength(1)
    })

    test('a batch that fails fails its senders and no others', async () => {
      const fault = new Error('no luck')
      let isFirst = true
      const it = gate()
      const { broker } = await consuming([0], async (batch, waitedMs) => {
        if (!isFirst) return it.handle(batch, waitedMs)
        isFirst = false
        throw fault
      })
      const [first, second] = await Promise.allSettled([broker.publish(submission(0, 60)), broker.publish(submission(0, 60))])
      expect(first).toEqual({ status: 'rejected', reason: fault })
      expect(second.status).toBe('fulfilled')
    })

    test('when told to stop it settles what it took, then ends, and takes no more', async () => {
      const it = gate()
      const { broker, stop, done } = await consuming([0, 1], it.handle)
      it.close()
      const taken = [broker.publish(submission(0, 90)), broker.publish(submission(0, 90))]
      await turn()
      stop()
      await expect(broker.publish(submission(0, 1))).rejects.toMatchObject({ code: 'DRAINING', mayBeStored: false })
      it.open()
      expect((await Promise.all(taken)).map(({ outcomes }) => outcomes.length)).toEqual([90, 90])
      await done
      expect(broker.depth()).toBe(0)
    })
  })
}
