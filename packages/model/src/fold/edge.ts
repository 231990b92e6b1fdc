import type { Event } from '../event.ts'
import type { EdgeRow } from '../rows.ts'
import { type Relation, rowKey } from './keys.ts'

export function foldEdge(edge: EdgeRow | undefined, event: Event, relation: Relation): EdgeRow {
  const newest = edge === undefined || event.time >= edge.lastAt
  return {
    id: rowKey.edge(event.run, relation.from, relation.to, relation.kind),
    run: event.run,
    ...relation,
    count: (edge?.count ?? 0) + 1,
    firstAt: Math.min(edge?.firstAt ?? event.time, event.time),
    lastAt: Math.max(edge?.lastAt ?? event.time, event.time),
    task: newest ? (event.task ?? edge?.task) : edge.task,
  }
}
