/** The past in motion: the moment goes on, at most ten times a second, and waits for its rows. */
import { create } from 'zustand'
import { serverNow } from '../live/live.ts'
import { stepFrom, travelTo, useTravel } from '../live/past.ts'

export const speeds = [0.5, 1, 2, 4, 8, 16] as const

interface Playing {
  readonly playing: boolean
  readonly speed: number
  /** Where nothing happens, the moment goes on to where something does. */
  readonly skipsIdle: boolean
  /** What came of the last step. */
  readonly notice: string
}

export const usePlay = create<Playing>(() => ({ playing: false, speed: 1, skipsIdle: true, notice: '' }))

const tickMs = 100
/** Ticks without a change that make idle time. */
const idleTicks = 5
/** A jump shorter than this is not worth one. */
const leastJumpMs = 2_000

let timer: ReturnType<typeof setInterval> | undefined
let tickedAt = 0
let idle = { cursor: '', ticks: 0 }

async function skip(at: number): Promise<void> {
  idle = { cursor: idle.cursor, ticks: Number.NEGATIVE_INFINITY }
  const found = await stepFrom(at, 'next', 'any')
  idle = { cursor: idle.cursor, ticks: 0 }
  if (!usePlay.getState().playing || found === undefined || !('at' in found)) return
  const now = useTravel.getState().at
  if (now !== undefined && found.at - now > leastJumpMs) travelTo(found.at)
}

function tick() {
  const elapsed = Math.min(performance.now() - tickedAt, 3 * tickMs)
  tickedAt = performance.now()
  const { at, seeking, cursor } = useTravel.getState()
  if (at === undefined) return pause()
  if (seeking) return
  const { speed, skipsIdle } = usePlay.getState()
  const next = Math.round(at + elapsed * speed)
  if (next >= serverNow()) {
    pause()
    travelTo(undefined)
    return
  }
  idle = cursor === idle.cursor ? { cursor, ticks: idle.ticks + 1 } : { cursor, ticks: 0 }
  if (skipsIdle && idle.ticks >= idleTicks) void skip(at)
  travelTo(next)
}

export function play(): void {
  if (timer !== undefined || useTravel.getState().at === undefined) return
  tickedAt = performance.now()
  idle = { cursor: '', ticks: 0 }
  timer = setInterval(tick, tickMs)
  usePlay.setState({ playing: true })
}

export function pause(): void {
  clearInterval(timer)
  timer = undefined
  usePlay.setState({ playing: false })
}

const kinds = { error: 'error', delegation: 'delegation', any: 'event' } as const

/** Goes to the next or previous event that stands out; from now where the page is live. */
export async function step(direction: 'next' | 'previous', kind: keyof typeof kinds): Promise<void> {
  pause()
  const from = useTravel.getState().at ?? Math.floor(serverNow())
  const found = await stepFrom(from, direction, kind)
  if (found === undefined) usePlay.setState({ notice: `There is no ${direction === 'next' ? 'later' : 'earlier'} ${kinds[kind]}.` })
  else if ('detail' in found) usePlay.setState({ notice: found.detail })
  else {
    usePlay.setState({ notice: found.what })
    travelTo(found.at)
  }
}
