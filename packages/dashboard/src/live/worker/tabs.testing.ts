/** Tabs of one browser in front of one server, all made up and in the hands of a test: nothing moves before it says so. */
import type { Clock } from '@signalbox/client/clock.ts'
import type { Feed, FeedStatus } from '@signalbox/client/feed.ts'
import type { StoredEvent } from '@signalbox/model/event.ts'
import type { LiveRow, ServerFrame } from '@signalbox/model/live.ts'
import { decodeCursor, encodeCursor } from '@signalbox/model/live-cursor.ts'
import { createLiveState, type LiveState } from '@signalbox/model/live-state.ts'
import type { RunRow } from '@signalbox/model/rows.ts'
import type { Locks } from './election.ts'
import type { OpenFeed } from './hub.ts'
import type { Peer, Role, ToPage, Wish } from './messages.ts'
import { createTab, type Tab } from './tab.ts'

const partitions = 2

export function seeded(seed: number) {
  let state = seed
  const random = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    random,
    below: (n: number) => Math.floor(random() * n),
    of: <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)],
  }
}
export type Chance = ReturnType<typeof seeded>

/** Events are of two partitions; each changes the row of the run that it names. */
export function createWorld(chance: Chance) {
  const logs: StoredEvent[][] = Array.from({ length: partitions }, () => [])
  const timers = new Set<{ readonly at: number; readonly run: () => void; readonly owner: string }>()
  let now = 0
  let epoch = 10
  let lossy = false
  /** Work of the made-up server and channel; of each lane in order, the lanes in any. */
  const lanes = new Map<string, (() => void)[]>()
  const later = (lane: string, run: () => void) => lanes.set(lane, [...(lanes.get(lane) ?? []), run])
  const gone = new Set<string>()
  const frozen = new Set<string>()
  const connected = new Map<string, Set<object>>()

  const positions = () => logs.map((log) => log.length)
  const epochText = () => epoch.toString(16).padStart(8, '0')
  const cursorOf = (at: readonly number[]) => encodeCursor({ epoch: epochText(), positions: at })
  const head = () => cursorOf(positions())

  function append() {
    const partition = chance.below(partitions)
    const position = (logs[partition]?.length ?? 0) + 1
    const id = `${partition}-${position}`
    const time = '2026-01-01T00:00:00.000Z'
    logs[partition]?.push({
      id,
      source: 's',
      type: 'log',
      time,
      run: `r${chance.below(5)}`,
      data: {},
      partition,
      position,
      receivedAt: time,
    })
    for (const wake of wakes) wake()
  }
  const wakes = new Set<() => void>()

  /** The log is another one: an older state of it was brought back, and went on differently. */
  function restore() {
    epoch += 1
    for (const log of logs) log.splice(chance.below(log.length + 1))
    for (const wake of wakes) wake()
  }

  /** Rows as of positions. A run that had an event whose position can be divided by seven is removed until its next one. */
  function rowsAt(at: readonly number[], after: readonly number[] = []): { rows: LiveRow[]; removed: LiveRow[] } {
    const newest = new Map<string, LiveRow>()
    logs.forEach((log, partition) => {
      for (const { run = '', position } of log.slice(0, at[partition])) {
        const row = { id: run, firstSeenAt: 0, lastSeenAt: position } as unknown as RunRow
        newest.set(`${partition} ${run}`, { table: 'runs', key: run, partition, position, row })
      }
    })
    const changed = [...newest.values()].filter(({ partition, position }) => position > (after[partition] ?? 0))
    const isRemoved = ({ position }: LiveRow) => position % 7 === 0
    return { rows: changed.filter((row) => !isRemoved(row)), removed: changed.filter(isRemoved) }
  }

  /** A feed as the client keeps it: after a cursor, or from now, in pages of its own choice. */
  const openFor =
    (owner: string): OpenFeed =>
    ({ feed = 'events', cursor, onFrame, onStart, onStatus }) => {
      const self = {}
      const lane = `feed ${owner}`
      let at = cursor === undefined ? undefined : [...(decodeCursor(cursor)?.positions ?? [])]
      let of = cursor === undefined ? epochText() : decodeCursor(cursor)?.epoch
      let status: FeedStatus = { state: 'connecting', transport: 'ws', clockOffsetMs: 0, attempts: 0 }
      const mine = connected.get(owner) ?? new Set()
      connected.set(owner, mine)
      mine.add(self)
      const isOpen = () => mine.has(self) && !gone.has(owner)
      const emit = (frame: ServerFrame) => onFrame(frame)
      const emitSnapshot = (all: readonly number[]) => {
        const { rows } = rowsAt(all)
        const half = Math.ceil(rows.length / 2)
        emit({ kind: 'snapshot', sub: 's', cursor: cursorOf(all), rows: rows.slice(0, half), last: false })
        emit({ kind: 'snapshot', sub: 's', cursor: cursorOf(all), rows: rows.slice(half), last: true })
      }
      const more = () =>
        later(lane, () => {
          if (!isOpen() || at === undefined || status.state !== 'open') return
          if (of !== epochText()) {
            of = epochText()
            at = positions()
            emit({ kind: 'resync', sub: 's', cursor: cursorOf(at), reason: 'epoch' })
            if (feed === 'state') emitSnapshot(at)
            return
          }
          const to = at.map((position, p) => position + chance.below((logs[p]?.length ?? 0) - position + 1))
          if (to.every((position, p) => position === at?.[p])) {
            if (chance.below(8) === 0) emit({ kind: 'heartbeat', sub: 's', from: cursorOf(at), cursor: cursorOf(at), serverTime: now })
          } else if (feed === 'events') {
            const from = at
            const items = logs.flatMap((log, p) => log.slice(from[p], to[p]))
            emit({ kind: 'events', sub: 's', from: cursorOf(from), cursor: cursorOf(to), items })
          } else emit({ kind: 'delta', sub: 's', from: cursorOf(at), cursor: cursorOf(to), ...rowsAt(to, at) })
          at = to
          if (at.some((position, p) => position < (logs[p]?.length ?? 0))) more()
        })
      wakes.add(more)
      later(lane, () => {
        if (!isOpen()) return
        status = { ...status, state: 'open' }
        onStatus?.(status)
        if (at === undefined) {
          at = positions()
          of = epochText()
          if (feed === 'events') onStart?.(cursorOf(at))
          else emitSnapshot(at)
        }
        more()
      })
      const made: Feed = {
        cursor: () => cursor,
        status: () => status,
        hurry() {},
        close() {
          mine.delete(self)
          wakes.delete(more)
        },
      }
      return made
    }

  /** Locks by name: who holds it, and who waits, in order. */
  interface Asked {
    readonly name: string
    readonly owner: string
    readonly run: () => Promise<void>
    readonly reject: (error: Error) => void
    readonly done: () => void
  }
  const holders = new Map<string, Asked>()
  let queue: Asked[] = []
  function grant(name: string) {
    if (holders.has(name)) return
    const next = queue.find((asked) => asked.name === name)
    if (next === undefined) return
    queue = queue.filter((asked) => asked !== next)
    hold(next)
  }
  function hold(asked: Asked) {
    holders.set(asked.name, asked)
    later(`task ${asked.owner}`, () => {
      if (gone.has(asked.owner)) return
      void asked.run().then(() => {
        if (holders.get(asked.name) === asked) holders.delete(asked.name)
        asked.done()
        grant(asked.name)
      })
    })
  }
  const locksFor = (owner: string): Locks => ({
    request: (name, { signal, steal }, run) =>
      new Promise<void>((done, reject) => {
        const asked: Asked = { name, owner, run, reject, done: () => done() }
        const held = holders.get(name)
        if (steal === true && held !== undefined) {
          holders.delete(name)
          later(`task ${held.owner}`, () => held.reject(new Error('stolen')))
          return hold(asked)
        }
        signal?.addEventListener('abort', () => {
          if (!queue.includes(asked)) return
          queue = queue.filter((other) => other !== asked)
          reject(new Error('aborted'))
        })
        queue.push(asked)
        grant(name)
      }),
    query: () => Promise.resolve({ held: [...holders.values()], pending: [...queue] }),
  })

  const ears = new Map<string, (message: Peer) => void>()
  const channelFor = (owner: string) => (hear: (message: Peer) => void) => {
    ears.set(owner, hear)
    return {
      post(message: Peer) {
        const copy = JSON.stringify(message)
        for (const tab of ears.keys())
          if (tab !== owner && !(lossy && message.kind === 'frames' && chance.below(20) === 0))
            later(`${frozen.has(tab) ? 'ice' : 'channel'} ${tab}`, () => ears.get(tab)?.(JSON.parse(copy) as Peer))
      },
      close: () => void ears.delete(owner),
    }
  }

  const clockFor = (owner: string): Clock => ({
    now: () => now,
    monotonic: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run, owner }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    random: () => 0.5,
  })

  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  const canRun = (lane: string) => !frozen.has(lane.slice(lane.indexOf(' ') + 1))

  return {
    append,
    restore,
    /** Some frames do not reach some tabs. */
    lose(is: boolean) {
      lossy = is
    },
    head,
    logs,
    rows: () => rowsAt(positions()).rows,
    ports: (id: string) => ({
      id,
      shared: { locks: locksFor(id), name: 'lock', openChannel: channelFor(id) },
      open: openFor(id),
      clock: clockFor(id),
    }),
    /** One piece of work of any lane. Answers false when there is none. */
    async step(): Promise<boolean> {
      const lane = chance.of([...lanes.keys()].filter(canRun))
      if (lane === undefined) return false
      const [run, ...rest] = lanes.get(lane) ?? []
      if (rest.length === 0) lanes.delete(lane)
      else lanes.set(lane, rest)
      run?.()
      await settle()
      return true
    },
    async advance(ms: number) {
      const until = now + ms
      for (;;) {
        const due = [...timers].filter(({ at, owner }) => at <= until && !frozen.has(owner)).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers.delete(due)
        now = Math.max(now, due.at)
        if (!gone.has(due.owner)) due.run()
        await settle()
      }
      now = until
    },
    /** The process of a tab ends: no word of it, its locks are free. */
    kill(id: string) {
      gone.add(id)
      ears.delete(id)
      connected.delete(id)
      for (const timer of timers) if (timer.owner === id) timers.delete(timer)
      for (const lane of lanes.keys()) if (lane.endsWith(` ${id}`)) lanes.delete(lane)
      queue = queue.filter(({ owner }) => owner !== id)
      for (const [name, { owner }] of [...holders])
        if (owner === id) {
          holders.delete(name)
          grant(name)
        }
    },
    freeze: (id: string) => void frozen.add(id),
    thaw(id: string) {
      frozen.delete(id)
      lanes.set(`channel ${id}`, [...(lanes.get(`channel ${id}`) ?? []), ...(lanes.get(`ice ${id}`) ?? [])])
      lanes.delete(`ice ${id}`)
    },
    /** Tabs that hold feeds open, and how many each. */
    connections: () => new Map([...connected].flatMap(([tab, feeds]) => (feeds.size === 0 ? [] : [[tab, feeds.size] as const]))),
  }
}
export type World = ReturnType<typeof createWorld>

export interface PageFeed {
  readonly wish: Wish
  /** Where it began, or began again in another log. */
  start: string | undefined
  readonly events: StoredEvent[]
  readonly gaps: ServerFrame[]
  readonly state: LiveState
  status: string
  owed: number
  cursor: string | undefined
}

/** A page as link.ts is one: takes what it is given, and asks for more when the test lets it. */
export function createPage(world: World, id: string, visible = true) {
  const feeds = new Map<number, PageFeed>()
  let role: Role | undefined
  let ids = 0
  const give = (message: ToPage) => {
    if (message.kind === 'role') role = message.role
    if (message.kind === 'role' || message.kind === 'up') return
    const feed = feeds.get(message.id)
    if (feed === undefined) return
    if (message.kind === 'status') feed.status = message.status.state
    if (message.kind !== 'batch') return
    if (feed.owed > 0) throw new Error('A batch came that the page had not asked for.')
    feed.owed += 1
    for (const frame of message.frames) {
      if ('from' in frame && feed.cursor !== undefined && frame.from !== feed.cursor)
        throw new Error(`A frame does not continue what ${id} has.`)
      if (frame.kind === 'resync') {
        feed.start = frame.cursor
        feed.events.length = 0
      }
      if (frame.kind === 'events') feed.events.push(...frame.items)
      if (frame.kind === 'gap') feed.gaps.push(frame)
      if (feed.wish.feed === 'state') feed.state.apply(frame)
      if ('cursor' in frame && (frame.kind !== 'snapshot' || frame.last)) feed.cursor = frame.cursor
    }
  }
  const tab: Tab = createTab({ ...world.ports(id), give, visible, mostEvents: 1_000_000 })
  return {
    id,
    tab,
    feeds,
    visible,
    role: () => role,
    open(wish: Wish, cursor?: string): number {
      ids += 1
      const state = createLiveState()
      feeds.set(ids, { wish, start: cursor, events: [], gaps: [], state, status: 'connecting', owed: 0, cursor })
      tab.take({ kind: 'open', id: ids, wish, cursor })
      return ids
    },
    close(one: number) {
      feeds.delete(one)
      tab.take({ kind: 'close', id: one })
    },
    applyAll() {
      for (const [one, feed] of feeds) {
        if (feed.owed === 0) continue
        feed.owed = 0
        tab.take({ kind: 'applied', ids: [one] })
      }
    },
  }
}
export type Page = ReturnType<typeof createPage>
