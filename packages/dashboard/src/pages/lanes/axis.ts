/** Where the time axis has its ticks and what they say, in the reader's own time zone. */
import type { Window } from './window.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const steps: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((n) => n * day),
]

export interface Tick {
  readonly at: number
  readonly text: string
}

const two = (n: number) => String(n).padStart(2, '0')

function textOf(at: number, step: number): string {
  const date = new Date(at)
  const dayText = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  if (step >= day) return dayText
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`
  if (step >= minute) return time === '00:00' ? dayText.slice(5) : time
  const seconds = `${time}:${two(date.getSeconds())}`
  return step >= second ? seconds : `${seconds}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** Round times, at most `most` of them. `offsetMs` is what the zone is ahead of UTC at a time: ticks are round in local time. */
export function ticksOf(
  { from, to }: Window,
  most: number,
  offsetMs = (at: number) => -new Date(at).getTimezoneOffset() * minute,
): readonly Tick[] {
  const step = steps.find((ms) => (to - from) / ms <= most) ?? Math.ceil((to - from) / most / (364 * day)) * 364 * day
  const ahead = offsetMs(from)
  const ticks: Tick[] = []
  for (let local = Math.ceil((from + ahead) / step) * step; local - ahead <= to; local += step) {
    // The clock may be set forward or back within the window.
    const at = step >= hour ? local - offsetMs(local - ahead) : local - ahead
    ticks.push({ at, text: textOf(at, step) })
  }
  return ticks
}

/** What the axis' times are ahead of UTC. */
export function zoneText(date: Date): string {
  const ahead = -date.getTimezoneOffset()
  if (ahead === 0) return 'UTC'
  const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60]
  return `UTC${ahead < 0 ? '−' : '+'}${hours}${minutes === 0 ? '' : `:${two(minutes)}`}`
}
