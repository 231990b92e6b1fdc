/** PostgreSQL is there and cannot do what is asked: no connection is free, the log is locked, a transaction never ends. */
import type pg from 'pg'
import type { Fault } from '../world/world.ts'
import { connect } from './postgres.ts'
import { pause, until } from './processes.ts'
import { underLoad } from './serving.ts'

/** More than any PostgreSQL of ours allows. */
const mostConnections = 500
const tooMany = '53300'
/** Longer than a commit may take: senders are refused. */
const connectionsHeldMs = 12_000
const longTransactionEvents = 2_000

export const connectionsExhausted: Fault = {
  name: 'max_connections exhausted',
  strike: (world) =>
    underLoad(world, async () => {
      const held: pg.Client[] = []
      /** Takes what is free. */
      const take = async () => {
        while (held.length < mostConnections) {
          try {
            held.push(await connect(world))
          } catch (error) {
            if ((error as { code?: string }).code === tooMany) return
            throw error
          }
        }
      }
      try {
        // One before, to end the sequencers' connections when none is free for a query.
        const killer = await connect(world)
        held.push(killer)
        await take()
        const { rowCount } = await killer.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'signalbox sequencer %'",
        )
        // They come back, and whoever is first has the connection: take again while they try.
        for (const end = performance.now() + connectionsHeldMs; performance.now() < end; await pause(20)) await take()
        const { rows } = await killer.query<{ writers: number }>(
          "select count(*)::int as writers from pg_stat_activity where application_name like 'signalbox sequencer %'",
        )
        return `${held.length} connections held until PostgreSQL answered ${tooMany}; ${rowCount} of the sequencers ended, ${rows[0]?.writers} had come back after ${connectionsHeldMs} ms`
      } finally {
        await Promise.all(held.map((client) => client.end()))
      }
    }),
}

/** Longer than a commit may take, and shorter: senders are refused, or wait. */
export const longLock = (leastMs: number, mostMs: number): Fault => ({
  name: 'LOCK TABLE log',
  strike: (world) =>
    underLoad(world, async () => {
      const client = await connect(world)
      const ms = world.random.between(leastMs, mostMs)
      try {
        await client.query('begin; lock table log in access exclusive mode')
        const waiting = await until('a sequencer waits for the lock', 10_000, async () => {
          const { rows } = await client.query<{ application_name: string }>(
            `select a.application_name from pg_locks l join pg_stat_activity a using (pid)
             where l.relation = 'log'::regclass and not l.granted and a.application_name like 'signalbox sequencer %'`,
          )
          return rows[0]?.application_name
        })
        await pause(ms)
        return `${waiting} waited for the lock, which was held for ${ms} ms`
      } finally {
        await client.end()
      }
    }),
})

export const longTransaction: Fault = {
  name: 'a long transaction in the database',
  strike: (world) =>
    underLoad(world, async () => {
      const client = await connect(world)
      try {
        await client.query('begin isolation level repeatable read')
        const { rows } = await client.query<{ xid: string }>('select pg_current_xact_id() as xid, count(*) from heads')
        await world.acknowledged(longTransactionEvents, 60_000)
        return `transaction ${rows[0]?.xid} was open while ${longTransactionEvents} events were acknowledged`
      } finally {
        await client.end()
      }
    }),
}
