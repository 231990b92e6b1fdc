import { decodeCursor } from '@signalbox/model/live-cursor.ts'
import { expect, test } from 'vitest'
import type { Wish } from './messages.ts'
import { createPage, createWorld, type Page, type PageFeed, seeded, type World } from './tabs.testing.ts'

const events: Wish = { feed: 'events', filter: {} }
const state: Wish = { feed: 'state', filter: {} }

/** Everything that is under way arrives, and beats pass, until nothing moves any more. */
async function calm(world: World, pages: readonly Page[]) {
  for (let round = 0; round < 14; round += 1) {
    for (let moved = true; moved; ) {
      moved = false
      while (await world.step()) moved = true
      for (const page of pages) page.applyAll()
    }
    await world.advance(2_000)
  }
}

/** Each event after where the page began, once and in order, up to the newest. */
function expectEveryEventOnce({ start, events: got, gaps }: PageFeed, world: World, what: string) {
  const from = start === undefined ? undefined : decodeCursor(start)?.positions
  world.logs.forEach((log, partition) => {
    const seen = got.filter((event) => event.partition === partition).map(({ position }) => position)
    const first = from === undefined ? (seen[0] ?? log.length + 1) : (from[partition] ?? 0) + 1
    expect([what, seen]).toEqual([what, Array.from({ length: log.length - first + 1 }, (_, i) => first + i)])
  })
  expect([what, gaps]).toEqual([what, []])
}

function expectNewestRows({ state: rows }: PageFeed, world: World, what: string) {
  const order = (all: readonly { readonly key: string; readonly partition: number }[]) =>
    [...all].sort((a, b) => a.key.localeCompare(b.key) || a.partition - b.partition)
  expect([what, order(rows.rows())]).toEqual([what, order(world.rows())])
}

function expectOneConnection(world: World, pages: readonly Page[], what: string) {
  const wanted = new Set(pages.flatMap(({ feeds }) => [...feeds.values()].map(({ wish }) => wish.feed)))
  const connections = world.connections()
  expect([what, [...connections.values()]]).toEqual([what, wanted.size === 0 ? [] : [wanted.size]])
  const roles = pages.map((page) => page.role()?.role)
  expect([what, roles.filter((role) => role !== 'follower').length]).toEqual([what, pages.length === 0 ? 0 : 1])
}

test('tabs come, hide, crash, are put away and come back, frames and the log are lost: nothing is lost, nothing comes twice, one is connected', async () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const chance = seeded(seed)
    const world = createWorld(chance)
    let pages: Page[] = []
    const away = new Set<Page>()
    let tabs = 0
    const join = () => {
      tabs += 1
      const page = createPage(world, `t${tabs}`, chance.below(2) === 0)
      for (const wish of [events, state, events])
        if (chance.below(3) > 0) page.open(wish, chance.below(2) === 0 && wish === events ? world.head() : undefined)
      pages.push(page)
    }
    const acts: readonly (() => unknown)[] = [
      join,
      () => {
        const page = chance.of(pages)
        if (page === undefined || pages.length < 2) return
        world.kill(page.id)
        away.delete(page)
        pages = pages.filter((other) => other !== page)
      },
      () => chance.of(pages)?.tab.take({ kind: 'visible', visible: chance.below(2) === 0 }),
      () => chance.of(pages)?.open(chance.below(2) === 0 ? events : state),
      () => {
        const page = chance.of(pages)
        const one = chance.of([...(page?.feeds.keys() ?? [])])
        if (one !== undefined) page?.close(one)
      },
      () => {
        const page = chance.of(pages)
        if (page === undefined) return
        page.tab.take({ kind: away.has(page) ? 'return' : 'leave' })
        if (!away.delete(page)) away.add(page)
      },
      () => world.advance(chance.of([50, 200, 2_500]) ?? 0),
      () => world.advance(chance.of([50, 200, 2_500]) ?? 0),
      () => chance.below(4) === 0 && world.restore(),
    ]
    world.lose(seed % 2 === 0)
    join()
    for (let turn = 0; turn < 300; turn += 1) {
      if (chance.below(3) === 0) world.append()
      if (chance.below(12) === 0) await chance.of(acts)?.()
      if (chance.below(4) === 0) chance.of(pages)?.applyAll()
      await world.step()
      expect([seed, world.connections().size <= 1]).toEqual([seed, true])
    }
    world.lose(false)
    const what = `seed ${seed}`
    // Nobody waits for those that are put away.
    const staying = pages.filter((page) => !away.has(page))
    await calm(world, staying)
    expectOneConnection(world, staying, what)
    for (const page of away) page.tab.take({ kind: 'return' })
    // Who lost the last frame learns of it with the next.
    for (let i = 0; i < 5; i += 1) world.append()
    await calm(world, pages)
    expectOneConnection(world, pages, what)
    for (const page of pages)
      for (const [one, feed] of page.feeds) {
        if (feed.wish.feed === 'events') expectEveryEventOnce(feed, world, `${what} ${page.id} ${one}`)
        else expectNewestRows(feed, world, `${what} ${page.id} ${one}`)
        expect([what, page.id, feed.status]).toEqual([what, page.id, 'open'])
      }
  }
})

test('a leader that stops without a word is told of as silent, then its place is taken; when it wakes it follows', async () => {
  const world = createWorld(seeded(5))
  const first = createPage(world, 'first')
  first.open(events, world.head())
  await calm(world, [first])
  const second = createPage(world, 'second')
  const one = second.open(events, world.head())
  await calm(world, [first, second])
  expect([first.role(), second.role()]).toEqual([
    { role: 'leader', tabs: 2, silent: false },
    { role: 'follower', tabs: 2, silent: false },
  ])
  world.freeze('first')
  world.append()
  await world.advance(6_100)
  expect([second.role()?.silent, second.feeds.get(one)?.status]).toEqual([true, 'waiting'])
  await calm(world, [second])
  expect(second.role()).toMatchObject({ role: 'leader', silent: false })
  expect(second.feeds.get(one)).toMatchObject({ status: 'open', events: [{ id: expect.any(String) }] })
  world.thaw('first')
  await calm(world, [first, second])
  expect([first.role()?.role, second.role()?.role]).toEqual(['follower', 'leader'])
  expectOneConnection(world, [first, second], 'after the thaw')
  for (const page of [first, second]) for (const feed of page.feeds.values()) expectEveryEventOnce(feed, world, page.id)
  // It stands in the queue again.
  world.kill('second')
  await calm(world, [first])
  expect(first.role()?.role).toBe('alone')
})

test('the connection goes to a tab that is seen, a while after its own was hidden', async () => {
  const world = createWorld(seeded(9))
  const first = createPage(world, 'first')
  const hidden = createPage(world, 'hidden', false)
  const seen = createPage(world, 'seen')
  const pages = [first, hidden, seen]
  for (const page of pages) page.open(events, world.head())
  await calm(world, pages)
  expect([...world.connections().keys()]).toEqual(['first'])
  first.tab.take({ kind: 'visible', visible: false })
  await calm(world, pages)
  expect([...world.connections().keys()]).toEqual(['seen'])
  seen.tab.take({ kind: 'visible', visible: false })
  await calm(world, pages)
  // Nobody is seen: it stays where it is.
  expect([...world.connections().keys()]).toEqual(['seen'])
})

test('tabs that cannot share are each connected', async () => {
  const world = createWorld(seeded(3))
  const { shared, ...ports } = world.ports('alone')
  expect(shared.name).toBe('lock')
  const page = createPage({ ...world, ports: () => ports } as unknown as World, 'alone')
  page.open(events)
  page.open(state)
  await calm(world, [page])
  world.append()
  await calm(world, [page])
  expect(page.role()).toEqual({ role: 'alone', tabs: 1, silent: false })
  for (const feed of page.feeds.values())
    if (feed.wish.feed === 'events') expectEveryEventOnce(feed, world, 'alone')
    else expectNewestRows(feed, world, 'alone')
})
