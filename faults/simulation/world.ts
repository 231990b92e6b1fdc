/** What all of a run share: its time, its chance, its network, its database, and the history that everybody tells. */
import type { HistoryEntry, Told } from '../history/history.ts'
import type { Random } from '../world/world.ts'
import type { Bug } from './bugs.ts'
import type { Database } from './database/database.ts'
import type { Life } from './life.ts'
import type { Connection, End, Network } from './network.ts'
import type { Server } from './server.ts'
import type { Time } from './time.ts'

export interface World {
  readonly time: Time
  readonly random: Random
  readonly network: Network
  readonly database: Database
  readonly bugs: ReadonlySet<Bug>
  readonly history: readonly HistoryEntry[]
  tell(process: string, entry: Told): void
  /** For who reads along. */
  say(process: string, what: string): void
  /** What must never be. */
  violate(what: string): void
  readonly servers: () => readonly Server[]
  /** No way leads from this process to a server. */
  isCut(life: Life): boolean
  /** A life of a process, with the URL that its connections are made by. */
  begin(name: string, skewMs?: number): { readonly life: Life; readonly url: string }
}

/** Connects a process to one of the servers that listen; undefined when none does, or the way there is cut. */
export function dial(world: World, life: Life, url: string, take: (end: End | undefined) => void): void {
  const { time, random, network } = world
  const delay = network.delay()
  time.after(delay, () => {
    const listening = world.servers().filter((server) => server.isListening())
    if (!life.isAlive()) return
    if (world.isCut(life) || listening.length === 0) {
      life.after(delay, () => take(undefined))
      return
    }
    const server = random.pick(listening)
    const connection: Connection = network.connect(life, server.life)
    // Nothing comes before somebody listens.
    connection.stand(false)
    server.accept(url, connection.far)
    life.after(delay, () => {
      take(connection.near)
      connection.go()
    })
  })
}
