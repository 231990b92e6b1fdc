/** The ports of OTLP that exporters try unasked: taken where they are free, and never at the price of the start. */
import type { Logger } from 'pino'
import { CannotStart, type Config, settings } from '../../config.ts'

type Listen = (port: number) => Promise<number>
type Ways = 'http' | 'grpc'

/** What `auto` stands for. */
const usual = { http: 4318, grpc: 4317 } as const
const names = { http: 'otlpHttpPort', grpc: 'otlpGrpcPort' } as const

/** Answers the ports that are listened on, if any. Rejects with `CannotStart` when one that was asked for cannot be had. */
export async function listenForOtlp(
  config: Pick<Config, 'port' | 'otlpHttpPort' | 'otlpGrpcPort'>,
  listen: Readonly<Record<Ways, Listen>>,
  log: Logger,
): Promise<Readonly<Record<Ways, number | undefined>>> {
  async function one(way: Ways): Promise<number | undefined> {
    const wanted = config[names[way]]
    const { key } = settings[names[way]]
    // Who lets the main port be picked may start many servers side by side: none of them is the usual one.
    if (wanted === 'off' || (wanted === 'auto' && config.port === 0)) return undefined
    try {
      return await listen[way](wanted === 'auto' ? usual[way] : Number(wanted))
    } catch (error) {
      const why = (error as Error).message
      const remedy = `Set ${key} to another port, or to off.`
      if (wanted !== 'auto')
        throw new CannotStart(`${key} is ${wanted}, and the server cannot listen there: ${why}. ${remedy}`, { cause: error })
      log.warn({ err: error }, `OTLP over ${way} is not listened for on port ${usual[way]}: ${why}. ${remedy}`)
      return undefined
    }
  }
  return { http: await one('http'), grpc: await one('grpc') }
}
