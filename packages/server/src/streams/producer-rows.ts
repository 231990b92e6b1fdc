/** The statements of the consumer that counts producers. */
import type { LoggedEvent, TenantId } from '@signalbox/model/event.ts'
import type { Pool, PoolClient } from 'pg'
import { type Condition, readRows, where } from '../store/log-rows.ts'
import { type Numbered, openProducer, type ProducerBody } from './producer.ts'

export const consumer = 'producers'

export type Observed = Numbered & Pick<LoggedEvent, 'tenant' | 'position'>

export interface Entry {
  readonly tenant: TenantId
  readonly source: string
  /** In the order they came in. */
  readonly events: Observed[]
  body: ProducerBody | undefined
}

/** Indexes: commits' primary key, log_position of the days that the commits' ids lie in. */
export async function readNumbers(pool: Pool, partition: number, after: number, upTo: number) {
  const ofCommits: Condition = {
    sql(bind) {
      const commits = `from commits where partition = ${bind(partition)} and last > ${bind(after)} and first <= ${bind(upTo)}`
      return `id >= (select min(min_id::text)::uuid ${commits}) and id <= (select max(max_id::text)::uuid ${commits})`
    },
    is: () => true,
  }
  const rows = await readRows(pool, {
    columns: 'tenant, source, partition, position, seq, epoch, received_at',
    where: [where('partition', '=', partition), where('position', '>', after), where('position', '<=', upTo), ofCommits],
    order: ['position', 'asc'],
  })
  return rows.map(({ tenant, source, position, seq, epoch, received_at }) => ({
    tenant,
    source,
    position: Number(position),
    seq: seq === null ? undefined : Number(seq),
    epoch: epoch === null ? 0 : Number(epoch),
    receivedAt: Number(received_at),
  }))
}

/** False when a checkpoint is not where we left it. Lock: our rows of checkpoints, so two consumers come one after the other. */
export async function moveCheckpoints(client: PoolClient, from: readonly number[], reached: readonly number[]): Promise<boolean> {
  const partitions = from.map((_, partition) => partition)
  await client.query(
    'insert into checkpoints (consumer, partition, position) select $1, p, 0 from unnest($2::int[]) p order by p on conflict do nothing',
    [consumer, partitions],
  )
  const { rowCount } = await client.query(
    `update checkpoints c set position = m.reached from unnest($2::int[], $3::bigint[], $4::bigint[]) as m (partition, left_at, reached)
     where c.consumer = $1 and c.partition = m.partition and c.position = m.left_at`,
    [consumer, partitions, from, partitions.map((partition) => reached[partition] ?? from[partition] ?? 0)],
  )
  return rowCount === from.length
}

export async function readBodies(client: PoolClient, entries: ReadonlyMap<string, Entry>): Promise<void> {
  const wanted = [...entries.values()]
  const { rows } = await client.query<{ tenant: TenantId; source: string; body: ProducerBody }>(
    `select k.tenant, k.source, p.body from unnest($1::text[], $2::text[]) as k (tenant, source), lateral
       (select body from producers where tenant = k.tenant and source = k.source offset 0) p`,
    [wanted.map(({ tenant }) => tenant), wanted.map(({ source }) => source)],
  )
  for (const { tenant, source, body } of rows) {
    const entry = entries.get(`${tenant}\u0000${source}`)
    if (entry !== undefined) entry.body = { ...openProducer(source), ...body }
  }
}

export async function writeBodies(client: PoolClient, entries: ReadonlyMap<string, Entry>): Promise<void> {
  const known = [...entries.values()].filter(({ body }) => body !== undefined)
  if (known.length === 0) return
  await client.query(
    `insert into producers (tenant, source, body) select t, s, b::json from unnest($1::text[], $2::text[], $3::text[]) as r (t, s, b)
     on conflict (tenant, source) do update set body = excluded.body`,
    [known.map(({ tenant }) => tenant), known.map(({ source }) => source), known.map(({ body }) => JSON.stringify(body))],
  )
}
