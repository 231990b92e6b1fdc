/**
 * Traces as Langfuse exports them: `{trace, observations}`, or the API's trace with its observations. An observation becomes the span it
 * was made of: its metadata has what the sender's instrumentation said, and what Langfuse made of that is said in Langfuse's own
 * attributes (`langfuse.observation.*`), which count where the sender's are missing. docs/imports/langfuse.md.
 */
import { identifier, instantOf, isObject, type Json, parseObject, stringOf } from '@signalbox/model/text.ts'
import type { Attributes, AttributeValue, Group, Span } from '@signalbox/server/ingest/otlp/otlp.ts'
import { type Collector, createCollector } from './collector.ts'
import type { Imported, SourceFile } from './import.ts'
import { addSpans, addStops } from './spans.ts'

export function langfuse(files: readonly SourceFile[]): Imported {
  const out = createCollector()
  addSpans(
    files.flatMap(({ text }) => groupsOf(text, out)),
    out,
  )
  addStops(out.finish('langfuse', files.length).events, out)
  return out.finish('langfuse', files.length)
}

function groupsOf(text: string, out: Collector): readonly Group<Span>[] {
  const file = parseObject(text)
  const trace = isObject(file?.trace) ? file.trace : file
  const observations = [file?.observations, trace?.observations].find(Array.isArray) as readonly unknown[] | undefined
  const id = identifier(trace?.id)
  if (trace === undefined || observations === undefined || id === undefined) {
    out.skip('unreadable file', 'It is no trace of Langfuse with its observations.')
    return []
  }
  if (Array.isArray(trace.scores) && trace.scores.length > 0) out.skip('scores', 'Scores of traces are no events.')
  const known = new Set(observations.map((one) => (isObject(one) ? one.id : undefined)))
  return observations.flatMap((one) => {
    const isTop = isObject(one) && !known.has(one.parentObservationId)
    return isObject(one) ? groupOf(one, id, isTop ? traceAttributes(trace) : {}, out) : []
  })
}

function groupOf(observation: Json, traceId: string, above: Attributes, out: Collector): readonly Group<Span>[] {
  const spanId = identifier(observation.id)
  const start = instantOf(observation.startTime)
  if (spanId === undefined || start === undefined) {
    out.skip('observation without an id or a start', 'It can be no event.')
    return []
  }
  const end = instantOf(observation.endTime)
  if (end === undefined) out.lose('observation without an end', 'It is taken to have ended when it started.')
  const metadata = objectOf(observation.metadata)
  const scope = objectOf(metadata.scope)
  const own = attributesOf(metadata.attributes)
  const span: Span = {
    traceId,
    spanId,
    parentSpanId: identifier(observation.parentObservationId),
    name: stringOf(observation.name) ?? 'observation',
    kind: 'unspecified',
    start,
    end: end ?? start,
    attributes: Object.assign(Object.create(null), above, observationAttributes(observation, own), own),
    events: [],
    links: [],
    status: { code: 'unset', message: '' },
  }
  return [
    {
      resource: { attributes: attributesOf(metadata.resourceAttributes) },
      scope: { name: stringOf(scope.name) ?? '', version: stringOf(scope.version) ?? '', attributes: {} },
      items: [span],
    },
  ]
}

/** Objects are text in some exports. */
const objectOf = (value: unknown): Json => (typeof value === 'string' ? parseObject(value) : isObject(value) ? value : undefined) ?? {}
const attributesOf = (value: unknown): Attributes => Object.assign(Object.create(null), objectOf(value))

const isTold = (value: unknown) =>
  value !== undefined && value !== null && value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0)

function named(prefix: string, from: Json, names: Readonly<Record<string, string>>): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {}
  for (const [field, name] of Object.entries(names)) {
    const value = from[field]
    if (isTold(value)) attributes[`${prefix}.${name}`] = typeof value === 'object' ? JSON.stringify(value) : (value as AttributeValue)
  }
  return attributes
}

const traceAttributes = (trace: Json): Attributes =>
  named('langfuse', trace, {
    name: 'trace.name',
    sessionId: 'session.id',
    userId: 'user.id',
    tags: 'trace.tags',
    release: 'release',
  })

function observationAttributes(observation: Json, own: Attributes): Attributes {
  const attributes = named('langfuse.observation', observation, {
    model: 'model.name',
    usageDetails: 'usage_details',
    costDetails: 'cost_details',
    modelParameters: 'model.parameters',
    statusMessage: 'status_message',
    promptName: 'prompt.name',
    promptVersion: 'prompt.version',
    completionStartTime: 'completion_start_time',
    environment: 'environment',
    version: 'version',
    input: 'input',
    output: 'output',
  })
  if (observation.level !== 'DEFAULT') Object.assign(attributes, named('langfuse.observation', observation, { level: 'level' }))
  const type = stringOf(observation.type)?.toLowerCase()
  if (type !== undefined) attributes['langfuse.observation.type'] = type
  // What Langfuse took from the sender's attributes is among them.
  const said = new Set(Object.values(own))
  for (const name of ['langfuse.observation.input', 'langfuse.observation.output'])
    if (said.has(attributes[name] as AttributeValue)) delete attributes[name]
  return attributes
}
