/** Every way in, with a tenant's key, alike: a batch of events goes in and comes to be acknowledged. */

import { systemClock } from '@signalbox/client/clock.ts'
import { shareIngestLine } from '@signalbox/client/ingest-lines.ts'
import { createRestWire } from '@signalbox/client/wire-rest.ts'
import { type Codec, codecs } from '@signalbox/model/codecs/codec.ts'
import type { EventInput } from '@signalbox/model/event.ts'
import { connectIngest } from '@signalbox/server/ingest/senders.testing.ts'

export interface Receipt {
  readonly accepted?: number | undefined
  readonly duplicates?: number | undefined
  readonly refused?: readonly object[] | undefined
}

export interface Sender {
  send(events: readonly EventInput[]): Promise<Receipt>
  close(): void
}

async function rest(url: string, key: string): Promise<Sender> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  return {
    send: async (events) =>
      (await (await fetch(`${url}/v1/events`, { method: 'POST', headers, body: JSON.stringify(events) })).json()) as Receipt,
    close() {},
  }
}

const socket = (codec: Codec) => async (url: string, key: string) => {
  const client = await connectIngest(url, codec, { headers: { authorization: `Bearer ${key}` } })
  let sent = 0
  return {
    send(events) {
      const n = ++sent
      client.say({ kind: 'batch', n, events })
      return client.until((frame) => frame.n === n)
    },
    close: () => client.socket.close(),
  } satisfies Sender
}

/** What the SDK sends with. */
async function sdk(url: string, key: string): Promise<Sender> {
  const line = shareIngestLine(url, key, systemClock)
  return { send: (events) => line.send(events) as Promise<Receipt>, close: line.close }
}
async function sdkRest(url: string, key: string): Promise<Sender> {
  const wire = createRestWire(url, key)
  return { send: (events) => wire.send(events) as Promise<Receipt>, close: wire.close }
}

export const ways = {
  rest,
  json: socket(codecs.json),
  msgpack: socket(codecs.msgpack),
  proto: socket(codecs.proto),
  sdk,
  'sdk by REST': sdkRest,
} as const satisfies Record<string, (url: string, key: string) => Promise<Sender>>
export type Way = keyof typeof ways
