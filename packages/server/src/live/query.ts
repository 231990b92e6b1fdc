/** The parameters every transport shares. */
import { Identifier } from '@signalbox/model/event.ts'
import type { Filter } from '@signalbox/model/live.ts'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { Refused } from '../http/problem.ts'
import type { Heads } from '../store/store.ts'
import { decodeCursor } from './cursor.ts'

/** As what they are compared with: PostgreSQL cannot be asked for a NUL. */
const Values = Type.Optional(Type.Array(Identifier, { maxItems: 100 }))

/** A mistyped filter must not mean "everything". */
const closed = { additionalProperties: false }

export const FilterQuery = Type.Object(
  {
    run: Values,
    agent: Values,
    type: Type.Optional(
      Type.Array(Type.String({ ...Identifier, maxLength: 130 }), { maxItems: 100, description: 'A type, or a prefix ending in `.*`.' }),
    ),
    task: Values,
  },
  closed,
)
const filterSchema = Compile(FilterQuery)
export const isFilter = (value: unknown): value is Filter => filterSchema.Check(value)

export const FeedQuery = Type.Object(
  {
    ...FilterQuery.properties,
    feed: Type.Union([Type.Literal('events'), Type.Literal('state')], {
      default: 'events',
      description:
        'events: every matching event. state: newest rows of agents, runs, open tasks and calls; with `run` also of what is closed, and edges.',
    }),
    cursor: Type.Optional(Type.String({ maxLength: 1_400, description: 'Go on after this cursor.' })),
    from: Type.Optional(Type.Literal('start', { description: 'events: from the oldest kept.' })),
  },
  closed,
)

export const PollQuery = Type.Object(
  {
    ...FeedQuery.properties,
    wait: Type.Integer({ minimum: 0, maximum: 60, default: 25, description: 'Seconds to wait for something to send.' }),
    limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 5_000, description: 'Most events in one answer.' }),
    until: Type.Optional(
      Type.String({
        maxLength: 1_400,
        description: 'Only up to this cursor, without waiting: the range of a gap. Done when `cursor` reaches it.',
      }),
    ),
  },
  closed,
)

export const badCursor = () => new Refused({ code: 'BAD_CURSOR', detail: 'The cursor is not one of ours.' })
export const noRoom = () =>
  new Refused({ code: 'TOO_MANY_CONNECTIONS', detail: 'The server takes no further live connection now.', retryAfterMs: 5_000 })

export const filterOf = ({ run, agent, type, task }: Static<typeof FilterQuery>): Filter => ({
  ...(run === undefined ? {} : { run }),
  ...(agent === undefined ? {} : { agent }),
  ...(type === undefined ? {} : { type }),
  ...(task === undefined ? {} : { task }),
})

/** `{}` when there is none, undefined when it is not one of ours. */
export function heldCursor(text: string | undefined): { readonly cursor?: Heads } | undefined {
  if (text === undefined || text === '') return {}
  const cursor = decodeCursor(text)
  return cursor === undefined ? undefined : { cursor }
}

/** The same parameters of a WebSocket's URL as a frame yet to be checked; what is none of its own must be the filter's. Undefined when it asks for no feed. */
export function subscribeOfUrl({ searchParams }: URL): object | undefined {
  if (!searchParams.has('feed')) return undefined
  const [feed, cursor, from] = ['feed', 'cursor', 'from'].map((name) => searchParams.get(name) || undefined)
  const names = new Set(searchParams.keys()).difference(new Set(['feed', 'cursor', 'from', 'credit']))
  const filter = Object.fromEntries([...names].map((name) => [name, searchParams.getAll(name)]))
  return { kind: 'subscribe', ref: 'url', feed, filter, cursor, from }
}
