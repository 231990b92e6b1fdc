/** The other doors, each beside REST in the same round: minutes later the machine may be another. */
import { count, median, type Section, wanted } from '../harness.ts'
import { batchSpans, decodeRates } from '../otlp.ts'
import { generate } from './generate.ts'

/** Of the generators in `generators/doors.ts`, and what they measure. */
const doors = [
  ['cloudevents', 'durable events/s as CloudEvents, batched'],
  ['a2a', 'durable events/s as A2A status updates'],
  ['webhook', 'durable events/s by a webhook (Alertmanager)'],
  ['openai-agents', "durable events/s from spans of OpenAI's Agents SDK"],
  ['claude-code', 'hooks/s of Claude Code, one a request, answered before they are stored'],
] as const

export const section: Section = {
  name: 'doors',
  async measure(bench) {
    const server = await bench.serve()
    const rates: Record<string, number[]> = {}
    const note = (door: string, perSecond: number) => {
      rates[door] = [...(rates[door] ?? []), perSecond]
      bench.sample(`${door} per second`, perSecond)
    }
    const storedSpans = () => server.metric('signalbox_events_total', 'door="otlp-traces",fate="stored"')
    for (let round = 0; round < bench.rounds; round += 1) {
      note('rest', (await generate(bench, 'rest', server.url)).perSecond)
      const before = await storedSpans()
      const { acknowledged, perSecond } = await generate(bench, 'otlp', server.url)
      note('otlp', perSecond)
      note('otlp events', (((await storedSpans()) - before) * perSecond) / acknowledged)
      for (const [door] of doors) note(door, (await generate(bench, door, server.url, { generator: 'doors.ts' })).perSecond)
    }
    const rate = (door: string) => median(rates[door] ?? [])
    const ofRest = (door: string) => `${(rate(door) / rate('rest')).toFixed(2)} of REST (${count(rate('rest'))})`
    bench.row({
      what: `spans/s over OTLP (HTTP, Protobuf, gzip, batches of ${batchSpans})`,
      figure: count(rate('otlp')),
      beside: ofRest('otlp'),
      wanted: wanted(rate('otlp') / rate('rest'), 0.4, 0.6),
    })
    bench.row({ what: 'the events/s that they become', figure: count(rate('otlp events')), beside: ofRest('otlp events') })
    for (const [door, what] of doors) bench.row({ what, figure: count(rate(door)), beside: ofRest(door) })
    const decoding = decodeRates()
    bench.row({
      what: "spans/s of processor time decoded from OTLP's Protobuf, in the shape that is mapped",
      figure: count(decoding.ours),
      beside: `${(decoding.ours / decoding.others).toFixed(2)} of @opentelemetry/otlp-transformer 0.214.0, which makes messages`,
    })
    bench.row({ what: 'resident memory of the server after the doors', figure: `${count(await server.memory())} MiB` })
  },
}
