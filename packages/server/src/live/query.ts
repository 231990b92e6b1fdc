/** The parameters every transport shares. */
import type { FeedKind, Filter } from '@signalbox/model/live.ts'
import Type, { type Static } from 'typebox'

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
export type FeedQuery = Static<typeof FeedQuery>

export const filterOf = ({ run, agent, type, task }: Static<typeof FilterQuery>): Filter => ({
  ...(run === undefined ? {} : { run }),
  ...(agent === undefined ? {} : { agent }),
  ...(type === undefined ? {} : { type }),
  ...(task === undefined ? {} : { task }),
})

/** The same from a URL, for WebSockets. Undefined when it asks for no feed. */
export function feedOfUrl(url: URL): { feed: FeedKind; filter: Filter; cursor?: string; fromStart: boolean } | undefined {
  const feed = url.searchParams.get('feed')
  if (feed !== 'events' && feed !== 'state') return undefined
  const values = (name: string) => (url.searchParams.has(name) ? { [name]: url.searchParams.getAll(name) } : {})
  const cursor = url.searchParams.get('cursor')
  return {
    feed,
    filter: { ...values('run'), ...values('agent'), ...values('type'), ...values('task') },
    ...(cursor === null || cursor === '' ? {} : { cursor }),
    fromStart: url.searchParams.get('from') === 'start',
  }
}
