/** Keys: `sbx_<id>_<secret>_<crc>`. Stored is a hash of the secret only; the checksum tells a typo from a wrong key without asking the database. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { crc32 } from 'node:zlib'
import type { TenantId } from '@signalbox/model/event.ts'
import type { Pool } from 'pg'
import { isLoopback } from '../http/allow.ts'
import type { Caller, Scope } from '../http.ts'

export const scopes = ['ingest', 'read', 'admin'] as const satisfies readonly Scope[]

/** The canary's own: no key is of it. */
export const canaryTenant: TenantId = 'signalbox'
/** What a key may be of: text without what paths, logs and tables of a terminal stumble over. */
export const isTenant = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text) && text !== canaryTenant

export interface KeyInfo {
  readonly id: string
  readonly tenant: TenantId
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly createdAt: number
  readonly revokedAt?: number | undefined
}

/** Longest that `promptCaller` waits for a key that it has not seen. */
const promptMs = 250
/** A revoked key stops working within this time; what it has open is ended soon after (http/standing.ts). */
const cacheMs = 5_000
const sha256 = (text: string) => createHash('sha256').update(text).digest()
const checksum = (text: string) => crc32(text).toString(16).padStart(8, '0')

export function createKeys(pool: Pick<Pool, 'query'>) {
  return {
    /** Answers the whole key: the only time it is known. `tenant` is one of `isTenant`; a new one needs no more than its first key. */
    async create(name: string, wanted: readonly Scope[], tenant: TenantId = 'default'): Promise<{ key: string; id: string }> {
      const id = randomBytes(6).toString('hex')
      const secret = randomBytes(24).toString('hex')
      const body = `sbx_${id}_${secret}`
      await pool.query('insert into keys (id, tenant, name, scopes, hash, created_at) values ($1, $2, $3, $4, $5, $6)', [
        id,
        tenant,
        name,
        wanted,
        sha256(secret),
        Date.now(),
      ])
      return { key: `${body}_${checksum(body)}`, id }
    },
    /** False when there is no such key, or it was revoked before. */
    async revoke(id: string): Promise<boolean> {
      const { rowCount } = await pool.query('update keys set revoked_at = $2 where id = $1 and revoked_at is null', [id, Date.now()])
      return rowCount === 1
    },
    async list(): Promise<KeyInfo[]> {
      const { rows } = await pool.query<{
        id: string
        tenant: string
        name: string
        scopes: Scope[]
        created_at: string
        revoked_at: string | null
      }>('select id, tenant, name, scopes, created_at, revoked_at from keys order by created_at')
      return rows.map((row) => ({
        id: row.id,
        tenant: row.tenant,
        name: row.name,
        scopes: row.scopes,
        createdAt: Number(row.created_at),
        revokedAt: row.revoked_at === null ? undefined : Number(row.revoked_at),
      }))
    },
  }
}

const hashOf = (key: string) => sha256(key).toString('base64')

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The key could not be looked up in time.')), Math.max(0, ms))
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const everyScope: ReadonlySet<Scope> = new Set(scopes)
const local: Caller = { tenant: 'default', scopes: everyScope }

/** A proxy on this machine speaks for callers who are not on it. */
const isForwarded = (headers: IncomingHttpHeaders): boolean =>
  ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined)

/**
 * The key that a request comes with. Of `Basic`, which clients of other servers send, it is the password or the user that looks like one;
 * names and passwords that are for no server of this kind are none.
 */
function keyOf(authorization: string | undefined): string | undefined {
  const [, basic] = /^Basic\s+(\S*)$/i.exec(authorization ?? '') ?? []
  if (basic === undefined) return authorization?.replace(/^Bearer\s+/i, '')
  const [user = '', ...password] = Buffer.from(basic, 'base64').toString().split(':')
  return [password.join(':'), user].find((part) => part.startsWith('sbx_'))
}

/** A request, of HTTP or gRPC. */
interface Asking {
  readonly headers: IncomingHttpHeaders
}

/** Who calls. Bound to loopback everyone on this machine may do everything; elsewhere, and through a proxy, a key decides. */
export function createAuth(
  pool: Pick<Pool, 'query'>,
  config: { readonly host: string },
  monotonic: () => number = () => performance.now(),
) {
  const cache = new Map<string, { readonly caller: Caller | undefined; readonly until: number }>()
  const mostCached = 10_000
  /** Keys that are being looked up, and since when. */
  const asked = new Map<string, { readonly since: number; readonly caller: Promise<Caller | undefined> }>()

  async function look(key: string): Promise<Caller | undefined> {
    const parts = /^(sbx_([0-9a-f]+)_([0-9a-f]+))_([0-9a-f]{8})$/.exec(key)
    const [, body = '', id = '', secret = '', crc = ''] = parts ?? []
    if (parts === null || checksum(body) !== crc) return undefined
    const { rows } = await pool.query<{ tenant: string; scopes: Scope[]; hash: Buffer }>(
      'select tenant, scopes, hash from keys where id = $1 and revoked_at is null',
      [id],
    )
    const row = rows[0]
    if (row === undefined || !timingSafeEqual(row.hash, sha256(secret))) return undefined
    return { tenant: row.tenant, scopes: new Set(row.scopes), keyId: id }
  }

  const withoutKey = ({ headers }: Asking) => (isLoopback(config.host) && !isForwarded(headers) ? local : undefined)

  /** Many requests with one key ask once. */
  function lookOnce(key: string) {
    const hash = hashOf(key)
    const under = asked.get(hash)
    if (under !== undefined) return under
    const caller = look(key)
      .then((found) => {
        if (cache.size >= mostCached) cache.clear()
        cache.set(hash, { caller: found, until: monotonic() + cacheMs })
        return found
      })
      .finally(() => asked.delete(hash))
    const asking = { since: monotonic(), caller }
    asked.set(hash, asking)
    return asking
  }

  return {
    async caller(request: Asking): Promise<Caller | undefined> {
      const key = keyOf(request.headers.authorization)
      if (key === undefined) return withoutKey(request)
      const held = cache.get(hashOf(key))
      return held !== undefined && held.until > monotonic() ? held.caller : lookOnce(key).caller
    },
    /**
     * As `caller`, for who must not wait for the database: a key that was good is good until it has been looked up again, which is then
     * under way. Rejects when a key is new and not known in time. What it sends may not take effect before `caller` says so too.
     */
    async promptCaller(request: Asking): Promise<Caller | undefined> {
      const key = keyOf(request.headers.authorization)
      if (key === undefined) return withoutKey(request)
      const held = cache.get(hashOf(key))
      if (held !== undefined && held.until > monotonic()) return held.caller
      const { caller, since } = lookOnce(key)
      if (held?.caller === undefined) return within(caller, since + promptMs - monotonic())
      // Who asks `caller` is told why it cannot be looked up.
      caller.catch(() => undefined)
      return held.caller
    },
    /** Beyond loopback a server without keys would be open to the world, so it does not start. */
    async refuseToStart(): Promise<string | undefined> {
      if (isLoopback(config.host)) return undefined
      const { rowCount } = await pool.query('select 1 from keys where revoked_at is null limit 1')
      return (rowCount ?? 0) > 0
        ? undefined
        : `SIGNALBOX_HOST is ${config.host}, which others can reach, and there is no key. Make one first (npm run -s signalbox -- keys create first --scope ingest,read,admin), or listen on 127.0.0.1.`
    },
  }
}
