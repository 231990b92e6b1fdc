/** A whole server on a database of its own, asked over its socket; every answer is checked against the server's own OpenAPI document. */
import type { EventInput } from '@signalbox/model/event.ts'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type pg from 'pg'
import { type Logger, pino } from 'pino'
import { startApp } from '../app.ts'
import type { Clock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { poolOf, withDatabase } from '../store/testing.ts'

type Json = Record<string, unknown>
interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>>
}
export interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export interface Answer<T> {
  readonly status: number
  readonly body: T
}

export interface TestApi {
  readonly url: string
  readonly databaseUrl: string
  readonly pool: pg.Pool
  readonly document: Document
  /** Operations ("GET /v1/runs/{id}") and statuses that were asked and checked. */
  readonly checked: ReadonlySet<string>
  get<T = Json>(path: string): Promise<Answer<T>>
  /** All items of all pages. */
  all<T = Json>(path: string, limit: number): Promise<T[]>
  send(events: readonly EventInput[], query?: string): Promise<Json>
  stop(): Promise<void>
}

export async function startTestApi(
  env: Readonly<Record<string, string>> = {},
  options: { readonly clock?: Clock; readonly log?: Logger } = {},
): Promise<TestApi> {
  const databaseUrl = await withDatabase()
  const config = readConfig({ SIGNALBOX_PORT: '0', DATABASE_URL: databaseUrl, ...env })
  const app = await startApp(config, { log: pino({ level: 'silent' }), ...options })
  const pool = poolOf(databaseUrl, 2)
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document
  const check = checker(document)
  const checked = new Set<string>()

  const get = async <T>(path: string): Promise<Answer<T>> => {
    const response = await fetch(`${app.url}${path}`)
    const body = (await response.json()) as T
    checked.add(check('get', path, response.status, response.headers.get('content-type') ?? '', body))
    return { status: response.status, body }
  }
  return {
    url: app.url,
    databaseUrl,
    pool,
    document,
    checked,
    get,
    async all<T>(path: string, limit: number) {
      const items: T[] = []
      const join = path.includes('?') ? '&' : '?'
      for (let cursor: string | null = ''; cursor !== null; ) {
        const at: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
        const { status, body } = await get<{ items: T[]; next: string | null }>(`${path}${join}limit=${limit}${at}`)
        if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`)
        items.push(...body.items)
        cursor = body.next
      }
      return items
    },
    async send(events, query = '') {
      const response = await fetch(`${app.url}/v1/events${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(events),
      })
      const body = (await response.json()) as Json
      if (response.status !== 200) throw new Error(`POST /v1/events answered ${response.status}: ${JSON.stringify(body)}`)
      return body
    },
    async stop() {
      await pool.end()
      await app.stop()
    },
  }
}

/** Holds answers to what the document says of them. */
export function checker(document: Document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const compiled = new Map<object, ValidateFunction>()
  const templates = Object.keys(document.paths).map((template) => ({
    template,
    pattern: new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
  }))
  /** Names what was checked; throws when the document does not allow the answer. */
  return (method: string, path: string, status: number, type: string, body: unknown): string => {
    const { pathname } = new URL(path, 'http://localhost')
    const found = templates.find(({ template }) => template === pathname) ?? templates.find(({ pattern }) => pattern.test(pathname))
    const operation = found === undefined ? undefined : document.paths[found.template]?.[method]
    if (found === undefined || operation === undefined) throw new Error(`${method} ${pathname} is not in the OpenAPI document.`)
    const response = operation.responses[status] ?? operation.responses[`${Math.trunc(status / 100)}XX`]
    const media = type.split(';')[0] ?? ''
    const schema = response?.content?.[media]?.schema
    if (schema === undefined) throw new Error(`${found.template} does not document ${status} as ${media}.`)
    const validate = compiled.get(schema) ?? ajv.compile(schema)
    compiled.set(schema, validate)
    if (!validate(body)) throw new Error(`${path} answered what its schema forbids: ${ajv.errorsText(validate.errors)}`)
    return `${method.toUpperCase()} ${found.template} ${status}`
  }
}
