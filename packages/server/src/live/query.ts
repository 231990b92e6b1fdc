/** The parameters every transport shares. */
import type { FeedKind, Filter } from '@signalbox/model/live.ts'
import Type, { type Static } from 'typebox'
import { Refused } from '../http/problem.ts'
import type { Heads } from '../store/store.ts'
import { decodeCursor } from './cursor.ts'

const Values = Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 100 }))

export const FilterQuery = Type.Object({
  run: Values,
  agent: Values,
  type: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 130 }), { maxItems: 100, description: 'A type, or a prefix ending in `.*`.' }),
  ),
  task: Values,
})

export const FeedQuery = Type.Object({
  ...FilterQuery.properties,
  feed: Type.Union([Type.Literal('events'), Type.Literal('state')], {
    default: 'events',
    description: 'events: every matching event. state: newest rows of agents, runs, tasks, calls, edges.',
  }),
  cursor: Type.Optional(Type.String({ maxLength: 1_400, description: 'Go on after this cursor.' })),
  from: Type.Optional(Type.Literal('start', { description: 'events: from the oldest kept.' })),
})

export const PollQuery = Type.Object({
  ...FeedQuery.properties,
  wait: Type.Integer({ minimum: 0, maximum: 60, default: 25, description: 'Seconds to wait for something to send.' }),
  limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 5_000, description: 'Most events in one answer.' }),
  until: Type.Optional(
    Type.String({
      maxLength: 1_400,
      description: 'Only up to this cursor, without waiting: the range of a gap. Done when `cursor` reaches it.',
    }),
  ),
})

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

/** The same parameters of a WebSocket's URL. Undefined when it asks for no feed. */
export function feedOfUrl(url: URL): { feed: FeedKind; filter: Filter; cursor?: string; fromStart: boolean } | undefined {
  const feed = url.searchParams.get('feed')
  if (feed !== 'events' && feed !== 'state') return undefined
  const values = (name: string) => (url.searchParams.has(name) ? { [name]: url.searchParams.getAll(name) } : {})
  const cursor = url.searchParams.get('cursor')
  return {
    feed,
    filter: { ...values('run'), ...values('agent'), ...values('type'), ...values('task') },
    ...(cursor === null ? {} : { cursor }),
    fromStart: url.searchParams.get('from') === 'start',
  }
}
