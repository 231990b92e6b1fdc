/** What is in order and still waits for a person: producers that lost events, items that were not applied. Of all tenants. */
import type { Pool } from 'pg'
import { printable, whole } from '../terminal.ts'
import type { Finding } from './finding.ts'

const mostNamed = 5

/** A few thousand producers, each a row. */
export async function checkProducers(pool: Pool): Promise<Finding> {
  const name = 'producers'
  const { rows } = await pool.query<{ report: string }>(
    "select body->>'report' as report from producers where json_array_length(body->'gaps') > 0 or (body->>'clones')::bigint > 0 order by tenant, source",
  )
  if (rows.length === 0) return { name, health: 'good', what: 'no numbered event is missing, no number came twice' }
  const more = rows.length > mostNamed ? ` And ${whole(rows.length - mostNamed)} more.` : ''
  return {
    name,
    health: 'note',
    what: `${rows
      .slice(0, mostNamed)
      .map(({ report }) => printable(report))
      .join(' ')}${more}`,
    todo: 'GET /v1/producers has them all. What a producer lost it must send again; two producers with one name need two names.',
  }
}

/** Bounded: the quarantine keeps 100,000 items. */
export async function checkQuarantine(pool: Pool): Promise<Finding> {
  const name = 'quarantine'
  const { rows } = await pool.query<{ code: string; count: number }>(
    'select code, count(*)::int as count from quarantine group by code order by count desc, code',
  )
  if (rows.length === 0) return { name, health: 'good', what: 'empty: every item that came was applied or answered' }
  return {
    name,
    health: 'note',
    what: `items that were not applied: ${rows.map(({ code, count }) => `${whole(count)} × ${code}`).join(', ')}`,
    todo: 'GET /v1/quarantine has their content and the reason; docs/errors.md says what each code means. Correct the sender and send them again.',
  }
}
