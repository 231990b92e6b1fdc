/** Senders that never give up: a batch is sent again, with the same ids, until it is acknowledged as a whole. */
import { createIdSource } from '@signalbox/model/ids.ts'
import { type Acknowledged, createAcknowledged } from '../world/acknowledged.ts'
import { pause } from './processes.ts'

const senders = 4
const batchEvents = 20
const senderPauseMs = 20
const postTimeoutMs = 15_000
const runs = 5

export interface Load extends Pick<Acknowledged, 'more'> {
  /** Ids of events that were acknowledged. */
  readonly acks: ReadonlySet<string>
  /** Batches that were answered otherwise than with 200, by status; 0: not answered. */
  readonly unanswered: ReadonlyMap<number, number>
  /** Those that cannot be settled, since nobody answers, are left. */
  stop(): Promise<void>
}

/** `urls`: each sender keeps to one, and turns to the next when it was not acknowledged there. */
export function startLoad(urls: readonly string[]): Load {
  const acks = new Set<string>()
  const unanswered = new Map<number, number>()
  const acknowledged = createAcknowledged()
  const nextId = createIdSource(Date.now)
  let going = true

  async function post(url: string, batch: readonly object[]): Promise<boolean> {
    const [status, said] = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(batch),
      signal: AbortSignal.timeout(postTimeoutMs),
    }).then(
      async (answer) => [answer.status, (await answer.json()) as { readonly refused?: readonly unknown[] }] as const,
      () => [0, {}] as const,
    )
    if (status !== 200) unanswered.set(status, (unanswered.get(status) ?? 0) + 1)
    return status === 200 && said.refused?.length === 0
  }

  async function send(sender: number): Promise<void> {
    for (let turn = sender; going; ) {
      const batch = Array.from({ length: batchEvents }, (_, i) => ({
        id: nextId(),
        source: `sender-${sender}`,
        type: 'tool.finished',
        time: new Date().toISOString(),
        run: `run-${(sender + i) % runs}`,
        agent: `agent-${sender}`,
        data: { call: `${sender}-${i}`, name: 'probe' },
      }))
      for (;;) {
        const isTaken = await post(urls[turn % urls.length] ?? '', batch).catch(() => false)
        if (isTaken) break
        if (!going) return
        turn += 1
        await pause(senderPauseMs)
      }
      for (const { id } of batch) acks.add(id)
      acknowledged.add(batch.length)
    }
  }
  const sending = Promise.all(Array.from({ length: senders }, (_, sender) => send(sender)))
  return {
    acks,
    unanswered,
    more: acknowledged.more,
    async stop() {
      going = false
      await sending
    },
  }
}
