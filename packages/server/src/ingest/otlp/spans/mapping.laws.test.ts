/** Whatever the order, the batches and the repeats of a trace's spans, they make the same rows; and nothing a sender writes throws. */
import type { EventInput } from '@signalbox/model/event.ts'
import { inputOf } from '@signalbox/model/foreign.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Span } from '../otlp.ts'
import { kindAliases, kindsByName } from './aliases.ts'
import { createSpanMapping } from './mapping.ts'
import { decoded, eventsOf, rowsOf, type Sketch, span, taken } from './testing.ts'

const name = fc.constantFrom('a', 'b', 'c')
const Kind: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.oneof(
  fc.record({ 'gen_ai.operation.name': fc.constant('invoke_agent'), 'gen_ai.agent.name': name, 'gen_ai.usage.input_tokens': fc.nat(9) }),
  fc.record({ 'gen_ai.operation.name': fc.constant('execute_tool'), 'gen_ai.tool.name': name }),
  fc.record({ 'traceloop.span.kind': fc.constant('handoff'), 'gen_ai.handoff.to_agent': name }),
  fc.record({ 'openinference.span.kind': fc.constantFrom('CHAIN', 'GUARDRAIL') }),
  fc.constant({}),
)
const Chat = fc.record(
  {
    'gen_ai.operation.name': fc.constant('chat'),
    'gen_ai.usage.input_tokens': fc.nat(50),
    'gen_ai.usage.output_tokens': fc.nat(9),
    'gen_ai.agent.name': name,
  },
  { requiredKeys: ['gen_ai.operation.name', 'gen_ai.usage.input_tokens'] },
)

const Chain = fc.constant({ 'openinference.span.kind': 'CHAIN' })
const Transfer = fc.constant({ 'openinference.span.kind': 'TOOL' })

interface Piece {
  readonly attributes: Readonly<Record<string, unknown>>
  readonly isChat: boolean
  /** Of the pieces before it. */
  readonly under: number
  readonly error: boolean
  /** Of LangGraph a graph that a node calls: what is below is in its namespace. */
  readonly isGraph?: boolean
  readonly isTransfer?: boolean
}
const Piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ attributes: Kind, isChat: fc.constant(false), under: fc.nat(20), error: fc.boolean() }),
  fc.record({ attributes: Chat, isChat: fc.constant(true), under: fc.nat(20), error: fc.boolean() }),
  fc.record({ attributes: Chain, isChat: fc.constant(false), under: fc.nat(20), error: fc.boolean(), isGraph: fc.constant(true) }),
  fc.record({
    attributes: Transfer,
    isChat: fc.constant(false),
    under: fc.nat(20),
    error: fc.constant(false),
    isTransfer: fc.constant(true),
  }),
)
const langGraph = { scope: '@arizeai/openinference-instrumentation-langchain' }

/** A tree, children within their parents' times; under a model's call only what is no such call, for then which of the two counts is told by who came first. */
const Trace: fc.Arbitrary<Span[]> = fc.tuple(fc.array(Piece, { minLength: 1, maxLength: 14 }), fc.boolean()).map(([pieces, hasRoot]) => {
  const sketches: Sketch[] = []
  const spaces: (string | undefined)[] = []
  for (const [index, { attributes, isChat, under, error, isGraph, isTransfer }] of pieces.entries()) {
    const parents = [...sketches.keys()].filter((at) => !pieces[at]?.isChat)
    const above = index === 0 ? -1 : (parents[under % Math.max(1, parents.length)] ?? -1)
    const parent = above >= 0 ? above + 1 : hasRoot && index === 0 ? undefined : 99
    const space = pieces[above]?.isGraph ? `${spaces[above]}|node:${index}` : spaces[above]
    spaces.push(isGraph ? `${'abc'[index % 3]}:${index}` : space)
    const metadata = spaces[index] === undefined ? {} : { metadata: JSON.stringify({ langgraph_checkpoint_ns: spaces[index] }) }
    sketches.push({
      id: index + 1,
      ...(parent === undefined ? {} : { parent }),
      name: isTransfer ? `transfer_to_${'abc'[index % 3]}` : `s${index + 1}`,
      start: index * 10,
      end: 1_000 - index * 10,
      attributes: isChat && index === 0 ? metadata : { ...attributes, ...metadata },
      ...(error ? { error: 'went wrong' } : {}),
    })
  }
  return sketches.map(span)
})

/** Of an agent what does not say how often something was told. */
function summary(events: readonly EventInput[]) {
  const { agents, calls, tasks, edges, runs } = rowsOf(events)
  const sorted = <T>(rows: ReadonlyMap<string, T>) => [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    agents: sorted(agents).map(
      ([key, { role, name: called, manager, status, totals, firstSeenAt, lastSeenAt, inFlight, heartbeatIntervalMs }]) => ({
        key,
        role: role?.value,
        name: called?.value,
        manager: manager?.value,
        status: status?.value,
        totals,
        firstSeenAt,
        lastSeenAt,
        inFlight,
        heartbeatIntervalMs,
      }),
    ),
    calls: sorted(calls),
    edges: sorted(edges),
    tasks: sorted(tasks).map(([key, { state, parent, assignee, startedAt, endedAt, contradicted }]) => ({
      key,
      state,
      parent,
      assignee: assignee?.value,
      startedAt,
      endedAt,
      contradicted,
    })),
    runs: sorted(runs).map(([key, { state, totals, startedAt, finishedAt, tasks: counts, name: called, agents: who }]) => ({
      key,
      state,
      totals,
      startedAt,
      finishedAt,
      counts,
      name: called?.value,
      who: who.toSorted(),
    })),
  }
}

function send(batches: readonly (readonly Span[])[]): EventInput[] {
  const mapping = createSpanMapping()
  const events = batches.flatMap((batch) => eventsOf(mapping.map(decoded(batch, langGraph), 't')))
  return [...events, ...mapping.settle(Number.POSITIVE_INFINITY).flatMap((one) => one.events.map(inputOf))]
}

const Sent = Trace.chain((spans) =>
  fc.record({
    spans: fc.constant(spans),
    order: fc.shuffledSubarray([...spans, ...spans], { minLength: spans.length }).map((some) => [...some, ...spans]),
    cuts: fc.array(fc.nat(2 * spans.length), { maxLength: 6 }),
  }),
)

test('any order, batches and repeats of a trace’s spans make the same rows', () => {
  fc.assert(
    fc.property(Sent, ({ spans, order, cuts }) => {
      const ends = [...cuts.toSorted((a, b) => a - b), order.length]
      const batches = ends.map((end, index) => order.slice(ends[index - 1] ?? 0, end))
      expect(summary(send(batches))).toEqual(summary(send([spans])))
    }),
    { numRuns: 200 },
  )
})

test('one by one, the deepest first, as exporters send them, makes the same rows', () => {
  fc.assert(
    fc.property(Trace, (spans) => {
      expect(summary(send(spans.toReversed().map((one) => [one])))).toEqual(summary(send([spans])))
    }),
    { numRuns: 200 },
  )
})

const keys = [
  ...kindAliases.map(({ key }) => key),
  'gen_ai.agent.name',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.cost',
  'session.id',
  'input.value',
]
const Hostile = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: 'binary', maxLength: 3_000 }),
  fc.double(),
  fc.constantFrom(
    'NaN',
    'Infinity',
    '9223372036854775807',
    '\u0000',
    '\ud800',
    1e300,
    2 ** 60,
    -0,
    '__proto__',
    'constructor',
    'chat',
    'invoke_agent',
    'LLM',
  ),
  fc.integer({ min: 1, max: 200 }).map((depth) => Array.from({ length: depth }).reduce((inner) => [inner], 'deep' as unknown)),
  fc.integer({ min: 500, max: 3_000 }).map((length) => Object.fromEntries(Array.from({ length }, (_, i) => [`k${i}`, i]))),
)
const Key = fc.oneof(fc.constantFrom(...keys, '__proto__', 'constructor', 'toString', 'x'.repeat(5_000)), fc.string({ unit: 'binary' }))
const HostileSpan = fc
  .record({
    attributes: fc.array(fc.tuple(Key, Hostile), { maxLength: 12 }),
    resource: fc.array(fc.tuple(Key, Hostile), { maxLength: 3 }),
    service: Hostile,
    name: fc.oneof(fc.string({ unit: 'binary', maxLength: 600 }), fc.constantFrom(...kindsByName.map((one) => one.name))),
    message: fc.string({ unit: 'binary', maxLength: 6_000 }),
    start: fc.oneof(fc.integer({ min: 0, max: 2e12 }), fc.double()),
    end: fc.oneof(fc.integer({ min: 0, max: 2e12 }), fc.double()),
    parent: fc.option(fc.nat(3), { nil: undefined }),
    id: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ attributes, resource, service, name: called, message, start, end, parent, id }) => {
    // As a decoder makes them, without a prototype, where `__proto__` is a key as any other.
    const object = (entries: readonly (readonly [string, unknown])[]) => {
      const made = Object.create(null) as Record<string, never>
      for (const [key, value] of entries) made[key] = value as never
      return made
    }
    const made: Span = {
      ...span({ id, ...(parent === undefined ? {} : { parent }), name: called }),
      attributes: object(attributes),
      start,
      end,
      events: [{ name: called, time: start, attributes: object(attributes) }],
      status: { code: 'error', message },
    }
    return {
      group: {
        resource: { attributes: object([...resource, ['service.name', service]]) },
        scope: { name: called, version: message, attributes: object([]) },
        items: [made],
      },
    }
  })

test('whatever a span says, it throws nothing, and what becomes of it is an event that is taken', () => {
  fc.assert(
    fc.property(fc.array(HostileSpan, { minLength: 1, maxLength: 4 }), (spans) => {
      const mapping = createSpanMapping()
      for (const { group } of spans) {
        const mapped = mapping.map({ groups: [group], bad: [] }, 't')
        expect(mapped.length).toBeGreaterThan(0)
        taken(mapped.flatMap((one) => ('event' in one ? [inputOf(one.event)] : [])))
      }
      taken(mapping.settle(Number.POSITIVE_INFINITY).flatMap((one) => one.events.map(inputOf)))
    }),
    { numRuns: 150 },
  )
})
