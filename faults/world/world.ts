/** What a fault can take hold of: one running Signalbox with agents and observers around it. */
import type { Told } from '../history/history.ts'

/** The same numbers for the same seed. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** Whole, from `least` to `most`. */
  between(least: number, most: number): number
  pick<T>(from: readonly T[]): T
}

export interface ServerProcess {
  /** Of the server itself; agents and observers come through the proxy. */
  readonly url: string
  readonly dataFolder: string
  pid(): number
  isRunning(): boolean
  start(env?: Readonly<Record<string, string>>): Promise<void>
  /** kill -9, and its exit was seen. */
  kill(): Promise<void>
  /** SIGTERM; answers the exit code. */
  terminate(): Promise<number | null>
}

export interface Database {
  /** A connection of its own, as the owner; undefined while the database is away. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  postmasterPid(): Promise<number>
}

/** Between agents and server; by connection, in user space, since the box has no netem. See `../inject/proxy.ts`. */
export interface FaultProxy {
  readonly url: string
  /** New behaviour for connections that are open and those to come; `pass` heals. */
  behave(how: Behaviour): void
  /** Connections that the present behaviour touched. */
  touched(): number
  /** Bytes that the present behaviour held, dropped or let come late. */
  withheld(): number
  /** Connections that the server, or the database, has not ended. */
  standing(): number
  close(): Promise<void>
}

export type Behaviour =
  | { readonly kind: 'pass' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** Bytes are taken and not passed on, until healed. `answers`: only those of the server. */
  | { readonly kind: 'stall'; readonly side: 'both' | 'requests' | 'answers' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'half-close' }
  /** Reset after so many bytes of the side. */
  | { readonly kind: 'cut'; readonly side: 'requests' | 'answers'; readonly afterBytes: number }
  | { readonly kind: 'split'; readonly bytes: number }
  /** The server's bytes are dropped, and the connection reset a while later: it did what it was asked and nobody hears of it. */
  | { readonly kind: 'drop-answers'; readonly resetAfterMs: number }

/** Which packets: that the server sends, that are sent to it. */
export type Lost = 'both' | 'from server' | 'to server'

/** Between the server, in a namespace of its own, and ours. See `../inject/net/apart.ts`. */
export interface Cable {
  /** Address of our end. */
  readonly ours: string
  /** Of the server's. */
  readonly theirs: string
  /** From now on a commit takes a while to get from the server to PostgreSQL. */
  slow(): Promise<void>
  /** `both`: the server's end of the link goes down; else nobody is told. */
  cut(lost: Lost): Promise<void>
  /** Since it was cut. */
  lostPackets(): Promise<number>
  heal(): Promise<void>
}

export interface World {
  readonly server: ServerProcess
  readonly database: Database
  readonly proxy: FaultProxy
  /** Between server and PostgreSQL, in a setting of `database: 'through-proxy'`. */
  readonly databaseProxy?: FaultProxy
  /** In a setting of `network: 'apart'`: all that the server hears and says goes over one of these, and not through the proxy. */
  readonly cables?: { readonly clients: Cable; readonly database: Cable }
  readonly random: Random
  /** Writes into the history as `nemesis`. */
  tell(entry: Told): void
  /** Resolves when so many more events are acknowledged than now, or rejects when none is for `patienceMs`. */
  acknowledged(more: number, patienceMs: number): Promise<void>
}

/** What of the box a fault needs; where it is missing the run names the fault as not run. `history`: the repository's own, whole. */
export type Need = 'root' | 'strace' | 'loop-mount' | 'netns' | 'cgroup' | 'history'

export interface Fault {
  readonly name: string
  readonly needs?: readonly Need[]
  /** Its world is started so: where data lies, and what the server's environment says. */
  readonly setting?: {
    readonly storage?: { readonly kind: 'ext4'; readonly sizeMiB: number }
    /** PostgreSQL is an external one, and DATABASE_URL leads through `World.databaseProxy`. */
    readonly database?: 'through-proxy'
    /** The server runs in a network namespace of its own. PostgreSQL is an external one. */
    readonly network?: 'apart'
    readonly env?: Readonly<Record<string, string>>
  }
  /** Strikes, lasts, heals. Resolves with what shows that it fired; rejects when it could not strike, and heals all the same. */
  strike(world: World): Promise<string>
}
