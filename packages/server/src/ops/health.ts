/** `/livez`, `/readyz`, `/metrics`: for probes and scrapers. */
import { type RefusalCode, refusals } from '@signalbox/model/refusals.ts'
import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import { Unavailable } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { ProblemAnswer } from '../http/problem.ts'
import type { Metrics } from './metrics.ts'

export interface HealthOptions {
  readonly metrics: Metrics
  readonly clock: Clock
  /** An event's whole way: published, committed, read back. Rejects with the reason. */
  readonly canary: () => Promise<void>
  readonly isDraining: () => boolean
  /** Told why an event could not be stored; probes are told the code alone. */
  readonly onFault: (error: unknown) => void
}

/** Needs no key, on any address. */
const open = { tags: ['ops'], security: [] }
const Ok = Type.Object({ status: Type.Literal('ok') })
const Ready = Type.Object({ status: Type.Literal('ready') })
const Unready = Type.Union([
  Type.Object({ status: Type.Literal('draining') }),
  Type.Object({ status: Type.Literal('unready'), code: Type.String(), reason: Type.String() }),
])
const Text = { description: 'Text format of Prometheus', content: { 'text/plain': { schema: Type.String() } } }

/** Probes share one canary for this long. */
const canaryMs = 1_000

export const opsRoutes =
  ({ metrics, clock, canary, isDraining, onFault }: HealthOptions): FastifyPluginAsync =>
  async (app) => {
    let last: { at: number; readonly outcome: Promise<RefusalCode | undefined> } | undefined
    const check = () => {
      if (last === undefined || clock.monotonic() - last.at > canaryMs) {
        const mine = {
          // While it is under way every probe waits for it.
          at: Number.POSITIVE_INFINITY,
          outcome: canary()
            .then(
              () => undefined,
              (error: unknown) => {
                onFault(error)
                return error instanceof Unavailable ? error.code : 'STORE_UNAVAILABLE'
              },
            )
            .finally(() => {
              mine.at = clock.monotonic()
            }),
        }
        last = mine
      }
      return last.outcome
    }
    app.get(
      '/livez',
      { schema: { ...open, operationId: 'livez', summary: 'The process answers', response: { 200: Ok, '4xx': ProblemAnswer } } },
      async () => ({ status: 'ok' }),
    )
    app.get(
      '/readyz',
      {
        schema: {
          ...open,
          operationId: 'readyz',
          summary: 'An event can be stored and read back',
          response: { 200: Ready, 503: Unready, '4xx': ProblemAnswer },
        },
      },
      async (_request, reply) => {
        if (isDraining()) return reply.code(503).send({ status: 'draining' })
        const code = await check()
        return code === undefined
          ? { status: 'ready' }
          : reply.code(503).header('retry-after', '1').send({ status: 'unready', code, reason: refusals[code].means })
      },
    )
    app.get(
      '/metrics',
      {
        config: { scope: 'read' },
        schema: {
          tags: ['ops'],
          operationId: 'metrics',
          summary: 'Prometheus metrics',
          description: 'Names and meanings: docs/metrics.md.',
          response: { 200: Text, '4xx': ProblemAnswer, '5xx': ProblemAnswer },
        },
      },
      async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    )
  }
