/** Figures as words. */
import { age, clock, compact, dateTime, visible } from '../../text.ts'
import type { Split } from './figures.ts'

const trimmed = (value: number, digits: number) => String(Number(value.toFixed(digits)))

export const rate = (value: number): string => (value < 10 ? trimmed(value, value < 1 ? 2 : 1) : compact(Math.round(value)))
export const share = (percent: number): string => `${trimmed(percent, percent < 10 ? 1 : 0)} %`
export function duration(ms: number): string {
  if (ms < 1_000) return `${trimmed(ms, ms < 10 ? 1 : 0)} ms`
  return ms < 60_000 ? `${trimmed(ms / 1_000, ms < 10_000 ? 1 : 0)} s` : age(ms)
}

export const isLongTime = (lengthMs: number): boolean => lengthMs > 86_400_000
/** A step's time; with its day where the window is longer than one. */
export const stepTime = (ms: number, isLong: boolean): string => (isLong ? dateTime(ms).slice(5, 16) : clock(ms).slice(0, 5))

export const ofSplit = { agent: 'agent', model: 'model', tool: 'tool', team: 'team', type: 'event type', none: 'all' } as const

export const nameOf = (split: Split, key: string): string => (key === '' ? `no ${ofSplit[split]}` : visible(key))

/** How a figure moved, as `+12 %`; undefined where there is nothing to compare with. */
export function change(now: number | null, before: number | null | undefined): string | undefined {
  if (now === null || before === null || before === undefined || before === 0) return undefined
  const percent = ((now - before) / before) * 100
  if (Math.abs(percent) < 0.5) return '±0 %'
  return `${percent > 0 ? '+' : '−'}${Math.abs(percent) >= 1_000 ? '>999' : Math.abs(percent).toFixed(0)} %`
}
