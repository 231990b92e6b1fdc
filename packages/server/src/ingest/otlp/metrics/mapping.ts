/**
 * What OTLP's data points mean: each is an event `metric`. Tokens and cost in them are totals of what calls tell one by one: they are never
 * added to the calls'. Pure, so that a point which is sent again is a duplicate.
 */
import { agentOf, runOf } from '@signalbox/model/claude-code.ts'
import type { EpochMs } from '@signalbox/model/event.ts'
import { identifier } from '@signalbox/model/text.ts'
import type { Mapped } from '../../door.ts'
import { eventOf } from '../../event-of.ts'
import { agentNamed, sourceOf } from '../logs/identity.ts'
import { digestOf, textIn } from '../logs/record.ts'
import type { Attributes, Decoded, Group, MetricPoint } from '../otlp.ts'
import { createKeeper } from '../spans/keeping.ts'

const earliest = Date.UTC(1970, 0, 2)
const latest = Date.UTC(9999, 11, 31)

export function mapMetrics(decoded: Decoded<MetricPoint>): readonly Mapped[] {
  const mapped: Mapped[] = []
  let item = 0
  for (const group of decoded.groups) {
    for (const point of group.items) {
      mapped.push(mapPoint(group, point, item))
      item += 1
    }
  }
  for (const { value, code, message } of decoded.bad) {
    mapped.push({ item, refused: { code, message }, value })
    item += 1
  }
  return mapped
}

function mapPoint({ resource, scope }: Group<MetricPoint>, point: MetricPoint, item: number): Mapped {
  const { time } = point
  if (!(time >= earliest && time <= latest)) {
    const message = `timeUnixNano is ${time} ms after 1970, which no event can have.`
    return { item, refused: { code: 'INVALID_EVENT', message }, value: point }
  }
  const foreign = digestOf([point, resource, scope])
  const data = dataOf(point, resource.attributes, { name: scope.name, version: scope.version, ...scope.attributes })
  return {
    item,
    event: eventOf(sourceOf(resource.attributes), { foreign, type: 'metric', time, ...whose(point, resource.attributes), data }),
  }
}

/** Only where it is told: a service that is no agent is not made one by what it measures. */
function whose({ name, attributes }: MetricPoint, resource: Attributes): { readonly run?: string; readonly agent?: string } {
  const session = textIn(attributes, 'session.id')
  if (session !== undefined && name.startsWith('claude_code.')) {
    const type = textIn(attributes, 'agent.name')
    const agent = type === undefined || resource['signalbox.agents'] === 'by-id' ? undefined : identifier(agentOf(session, type))
    const run = identifier(runOf(session))
    return { ...(run === undefined ? {} : { run }), ...(agent === undefined ? {} : { agent }) }
  }
  const agent = agentNamed(attributes, resource)
  return agent === undefined ? {} : { agent }
}

/** A number that JSON or an event cannot hold exactly is text. */
const exact = (number: number): number | string =>
  Number.isSafeInteger(number) || (Number.isFinite(number) && !Number.isInteger(number)) ? number : String(number)
const figure = (name: string, value: number | undefined) => (value === undefined ? {} : { [name]: exact(value) })
const instant = (time: EpochMs) => (time >= earliest && time <= latest ? { startTime: new Date(time).toISOString() } : {})

function dataOf(point: MetricPoint, resource: Attributes, scope: Attributes): Readonly<Record<string, unknown>> {
  const { name, description, unit, kind, temporality, isMonotonic, start, value, count, min, max, bounds, counts } = point
  const keeper = createKeeper()
  const data = {
    name: keeper.value('name', name),
    ...(description === '' ? {} : { description: keeper.value('description', description) }),
    unit: keeper.value('unit', unit),
    kind,
    ...(kind === 'gauge' ? {} : { temporality }),
    ...(kind === 'sum' ? { monotonic: isMonotonic } : {}),
    ...figure(kind === 'gauge' || kind === 'sum' ? 'value' : 'sum', value),
    ...figure('count', count),
    ...figure('min', min),
    ...figure('max', max),
    ...(bounds === undefined ? {} : { bounds: bounds.map(exact) }),
    ...(counts === undefined ? {} : { counts: counts.map(exact) }),
    ...instant(start),
    attributes: keeper.attributes(point.attributes),
    resource: keeper.attributes(resource),
    scope: keeper.attributes(scope),
  }
  return keeper.clipped.length === 0 ? data : { ...data, clipped: keeper.clipped }
}
