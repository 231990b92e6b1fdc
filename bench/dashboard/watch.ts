/** Measures pages for some time, ten seconds a piece: frames, heap, what the page shows, and who used the processor. */
import { loadavg } from 'node:os'
import type { CDPSession, Page } from 'playwright-core'
import { type Figures, figuresOf, framesWhile, heapOf, type processesOf, sentFrom, type Taken, usedBy, yieldToOthers } from './measure.ts'
import type { Sender } from './parties.ts'
import type { Stage } from './stage.ts'

export const pieceMs = 10_000

interface Piece {
  readonly heapMB: number
  /** Events a second by the page's own figure; what it shows is ten seconds' mean. */
  readonly shownPerSecond: number | undefined
  /** What the page says of its connection. */
  readonly connection: string
}

export interface Measured {
  readonly name: string
  readonly frames: Figures
  readonly sentPerSecond?: number
  readonly pieces: readonly Piece[]
  /** Shares of one core. */
  readonly cores: Readonly<Record<string, number>>
  readonly residentMB: Readonly<Record<string, number>>
  readonly megabytesPerSecond?: number | undefined
  readonly load: string | undefined
}

/** By the fleet's bar, or by the tail's. */
const shown = async (page: Page): Promise<number | undefined> => {
  const text = await page.evaluate(() => {
    const fleet = document.querySelector('section[aria-label="Fleet"]')?.textContent ?? ''
    const tail = document.querySelector('[data-testid=rate]')?.textContent ?? ''
    return (/([\d.,]+)(k?)\s*events\/s/.exec(fleet) ?? /([\d.,]+)(k?)\/s received/.exec(tail))?.slice(1) ?? null
  })
  return text === null ? undefined : Number(text[0]?.replace(',', '')) * (text[1] === 'k' ? 1_000 : 1)
}

const connectionOf = (page: Page) => page.evaluate(() => document.querySelector('[data-testid=connection]')?.textContent ?? '')

/** A page's session for what only Chromium's own protocol tells. */
export async function sessionOf(page: Page): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable')
  return cdp
}

export interface Watched {
  readonly name: string
  readonly page: Page
  readonly cdp: CDPSession
  readonly forMs: number
  readonly sender?: Sender | undefined
}

/** `processes`: of the page that matters, from when it had most to do. */
export async function measured(
  { server }: Stage,
  processes: Awaited<ReturnType<typeof processesOf>>,
  { name, page, cdp, forMs, sender }: Watched,
): Promise<Measured> {
  const port = new URL(server.url).port
  const parties = { server: server.pid, sender: sender?.process.pid, ...processes }
  const used = () => Object.entries(parties).map(([party, pid]) => [party, usedBy(pid)] as const)
  const before = { used: used(), acknowledged: sender?.acknowledged() ?? 0, sent: sentFrom(port), at: performance.now() }
  const taken: Taken[] = []
  const pieces: Piece[] = []
  for (let left = forMs; left > 0; left -= pieceMs) {
    for (const pid of [server.pid, sender?.process.pid]) yieldToOthers(pid)
    taken.push(await framesWhile(page, () => page.waitForTimeout(Math.min(left, pieceMs))))
    const piece = { shownPerSecond: await shown(page), connection: await connectionOf(page), heapMB: await heapOf(cdp) }
    pieces.push(piece)
    const { p95, max, longTasks, longestTask } = figuresOf(taken.slice(-1))
    const shows = piece.shownPerSecond === undefined ? '' : `, shows ${piece.shownPerSecond}/s`
    console.log(
      `  ${name}: p95 ${p95}, max ${max} ms, long tasks ${longTasks} (${longestTask} ms), heap ${piece.heapMB} MB${shows}, ${piece.connection}`,
    )
  }
  const passed = (performance.now() - before.at) / 1_000
  const after = used()
  const cores = after.map(([party, now], i) => [
    party,
    Number(((now.cpuSeconds - (before.used[i]?.[1].cpuSeconds ?? 0)) / passed).toFixed(2)),
  ])
  const sentNow = sentFrom(port)
  const bytes = sentNow === undefined || before.sent === undefined ? undefined : sentNow - before.sent
  const result: Measured = {
    ...{ name, frames: figuresOf(taken), pieces, cores: Object.fromEntries(cores) },
    ...(sender === undefined ? {} : { sentPerSecond: Math.round((sender.acknowledged() - before.acknowledged) / passed) }),
    residentMB: Object.fromEntries(after.map(([party, now]) => [party, now.residentMB])),
    megabytesPerSecond: bytes === undefined ? undefined : Number((bytes / passed / 1e6).toFixed(2)),
    load: loadavg()[0]?.toFixed(1),
  }
  const { frames, ...rest } = result
  console.log(`${name} ${JSON.stringify(frames)} ${JSON.stringify({ ...rest, name: undefined, pieces: undefined })}`)
  return result
}

/** Of the second half: what grows only while buffers fill is no leak. */
export function heapSlope(pieces: readonly Piece[]): number {
  const half = pieces.slice(Math.floor(pieces.length / 2)).map(({ heapMB }) => heapMB)
  return Number((((half.at(-1) ?? 0) - (half[0] ?? 0)) / Math.max(1, (half.length - 1) * (pieceMs / 60_000))).toFixed(2))
}

export interface Action {
  readonly what: string
  readonly longestTask: number
  readonly longestFrame: number
}

/** How long the page is held up by what a user does, and by what follows from it. */
export async function timed(page: Page, what: string, act: () => Promise<unknown>): Promise<Action> {
  const { frames, long } = await framesWhile(page, async () => {
    await act()
    await page.waitForTimeout(1_500)
  })
  const action = { what, longestTask: Math.round(Math.max(0, ...long)), longestFrame: Math.round(Math.max(0, ...frames)) }
  console.log(`  ${what}: longest task ${action.longestTask} ms, longest frame ${action.longestFrame} ms`)
  return action
}
