/**
 * The HTTP front shared by every stage: one Fastify instance on one port.
 * It checks Host and Origin, finds the caller, and turns refusals into RFC 9457 problems. Routes are given by the stages.
 */
import type { IncomingMessage } from 'node:http'
import type { TenantId } from '@signalbox/model/event.ts'
import type {} from 'fastify'
import type { WebSocket } from 'ws'

export type Scope = 'ingest' | 'read' | 'admin'

/** Who is calling. On loopback without keys: tenant "default" with every scope. */
export interface Caller {
  readonly tenant: TenantId
  readonly scopes: ReadonlySet<Scope>
  readonly keyId?: string
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
  }
  interface FastifyContextConfig {
    /** Scope a caller needs; absent means open (health, dashboard files). */
    scope?: Scope
  }
}

/** WebSocket doors and feeds register here; Host, Origin and key are checked before the upgrade is accepted. */
export interface Upgrades {
  on(
    path: string,
    scope: Scope,
    protocols: readonly string[],
    accept: (socket: WebSocket, request: IncomingMessage, caller: Caller) => void,
  ): void
}
