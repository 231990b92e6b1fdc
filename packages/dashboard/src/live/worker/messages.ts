/** What a page and its worker say to each other, and the workers of one key's tabs. A key goes from a page to its own worker only. */
import type { FeedStatus } from '@signalbox/client/feed.ts'
import type { FeedKind, Filter, ServerFrame } from '@signalbox/model/live.ts'

export interface Wish {
  readonly feed: FeedKind
  readonly filter: Filter
}

/** Wishes of one name are served by one feed. */
export function nameOf({ feed, filter }: Wish): string {
  const fields = Object.entries(filter) as [string, readonly string[]][]
  return JSON.stringify([feed, ...fields.map(([name, values]) => [name, ...[...values].sort()]).sort()])
}

export type FromPage =
  | { readonly kind: 'start'; readonly url: string; readonly key?: string | undefined; readonly visible: boolean }
  | { readonly kind: 'open'; readonly id: number; readonly wish: Wish; readonly cursor?: string | undefined }
  | { readonly kind: 'close'; readonly id: number }
  /** What was given of these feeds is applied. */
  | { readonly kind: 'applied'; readonly ids: readonly number[] }
  | { readonly kind: 'visible'; readonly visible: boolean }
  /** The page is put away, perhaps for ever, and must hold nothing that others wait for. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'return' }
  /** The network is back: what waits to connect need not. */
  | { readonly kind: 'online' }

export interface Role {
  /** Alone: nothing can be shared here, or with nobody. */
  readonly role: 'alone' | 'leader' | 'follower'
  /** Tabs that share one connection, this one with them. */
  readonly tabs: number
  /** A follower that hears nothing of the tab that is connected. */
  readonly silent: boolean
}

export type ToPage =
  | { readonly kind: 'up' }
  | {
      readonly kind: 'batch'
      readonly id: number
      readonly frames: readonly ServerFrame[]
      readonly clockOffsetMs: number
      /** Events that were left out of it, because the page did not ask in time. */
      readonly dropped: number
    }
  | { readonly kind: 'status'; readonly id: number; readonly status: FeedStatus }
  | { readonly kind: 'refused'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'role'; readonly role: Role }

/** One feed of one tab. */
export interface Reader {
  readonly tab: string
  readonly id: number
}

/** `to` is one reader; without it every reader of the name is meant. */
interface Addressed {
  readonly term: string
  readonly name: string
  readonly to?: Reader | undefined
}

export type FromLeader =
  /** Who leads, told at once and then every `beatMs`. Who hears a new `term` says again what it wants. */
  | { readonly kind: 'lead'; readonly term: string; readonly tab: string; readonly tabs: number }
  /** A snapshot is whole in one message. */
  | (Addressed & { readonly kind: 'frames'; readonly frames: readonly ServerFrame[]; readonly clockOffsetMs: number })
  /** events: where a reader without a cursor begins. */
  | (Addressed & { readonly kind: 'begin'; readonly cursor: string })
  | (Addressed & { readonly kind: 'status'; readonly status: FeedStatus })
  | (Addressed & { readonly kind: 'refused'; readonly code: string; readonly message: string })

export type ToLeader =
  | { readonly kind: 'want'; readonly reader: Reader; readonly wish: Wish; readonly cursor?: string | undefined }
  | { readonly kind: 'drop'; readonly reader: Reader }

export type Peer =
  | FromLeader
  | ToLeader
  /** Said at the start, when it changes, and to who asks. */
  | { readonly kind: 'here'; readonly tab: string; readonly visible: boolean; readonly asks: boolean }
  | { readonly kind: 'gone'; readonly tab: string }

export const beatMs = 2_000
