/** How far back the view goes. */
export const sinces = ['5m', '15m', '1h', '6h', '24h'] as const

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `5m` as milliseconds; undefined where it is none. */
export function sinceMs(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,4})([smhd])$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count) * (units[unit] ?? 0)
}
