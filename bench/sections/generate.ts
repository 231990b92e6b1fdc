import type { FleetSize } from '../fleet.ts'
import type { Bench } from '../harness.ts'
import { child } from '../harness.ts'

export interface Generated {
  readonly acknowledged: number
  /** While it sent; what it sends is made before. */
  readonly seconds: number
  readonly perSecond: number
}

/** Lets a generator send over a door: as fast as it is answered, or at a rate, then in small batches. */
export async function generate(
  { seconds }: Bench,
  door: string,
  url: string,
  {
    rate = 0,
    generator = 'events.ts',
    batch,
    making = 'before',
    fleet,
  }: { rate?: number; generator?: string; batch?: number; making?: 'before' | 'onTheWay'; fleet?: FleetSize } = {},
): Promise<Generated> {
  const size = fleet === undefined ? [] : [String(fleet.runs), String(fleet.agents)]
  const run = child(`generators/${generator}`, [
    door,
    url,
    String(seconds),
    String(batch ?? (rate > 0 ? 50 : 500)),
    String(rate),
    making,
    ...size,
  ])
  const result = JSON.parse(await run.line()) as Generated & { refused: number }
  if (result.refused > 0) throw new Error(`${result.refused} events of the benchmark were refused.`)
  return result
}
