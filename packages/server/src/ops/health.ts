/** `/livez`, `/readyz`, `/metrics`: for probes and scrapers. */
import type { FastifyPluginAsync } from 'fastify'
import type { Clock } from '../clock.ts'
import { isLoopback } from '../http/allow.ts'
import type { Metrics } from './metrics.ts'

export interface HealthOptions {
  readonly config: { readonly host: string }
  readonly metrics: Metrics
  readonly clock: Clock
  /** An event's whole way: published, committed, read back. Rejects with the reason. */
  readonly canary: () => Promise<void>
  readonly isDraining: () => boolean
}

/** Probes share one canary for this long. */
const canaryMs = 1_000

export const opsRoutes =
  ({ config, metrics, clock, canary, isDraining }: HealthOptions): FastifyPluginAsync =>
  async (app) => {
    let last: { readonly at: number; readonly outcome: Promise<string | undefined> } | undefined
    const check = () => {
      if (last === undefined || clock.now() - last.at > canaryMs) {
        last = {
          at: clock.now(),
          outcome: canary().then(
            () => undefined,
            (error: Error) => error.message,
          ),
        }
      }
      return last.outcome
    }
    app.get('/livez', { schema: { tags: ['ops'], operationId: 'livez', summary: 'The process answers' } }, async () => ({ status: 'ok' }))
    app.get(
      '/readyz',
      { schema: { tags: ['ops'], operationId: 'readyz', summary: 'An event can be stored and read back' } },
      async (_request, reply) => {
        if (isDraining()) return reply.code(503).send({ status: 'draining' })
        const reason = await check()
        return reason === undefined ? { status: 'ready' } : reply.code(503).header('retry-after', '1').send({ status: 'unready', reason })
      },
    )
    const scope = isLoopback(config.host) ? {} : { scope: 'read' as const }
    app.get(
      '/metrics',
      { config: scope, schema: { tags: ['ops'], operationId: 'metrics', summary: 'Prometheus metrics' } },
      async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    )
  }
