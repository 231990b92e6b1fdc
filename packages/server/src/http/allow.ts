/** Which Host and Origin a request may carry: no web page of another site reaches a server on loopback, by any name it resolves to. */
import type { IncomingHttpHeaders } from 'node:http'

export interface Allowed {
  readonly hosts: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
  /** True when every Host is taken: bound beyond loopback, where keys decide and names are the operator's. */
  readonly anyHost: boolean
  /** Those that it listens on. */
  readonly ports: Set<number>
}

const listOf = (text: string) => text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim().toLowerCase()]))
export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

export function addressesOf(config: {
  readonly host: string
  readonly port: number
  readonly allowedHosts: string
  readonly allowedOrigins: string
}): Allowed {
  return {
    hosts: new Set([
      'localhost',
      '127.0.0.1',
      '[::1]',
      config.host.includes(':') ? `[${config.host}]` : config.host,
      ...listOf(config.allowedHosts),
    ]),
    origins: new Set(listOf(config.allowedOrigins)),
    anyHost: !isLoopback(config.host) && config.allowedHosts === '',
    ports: new Set([config.port]),
  }
}

/** What is wrong with the headers, in a sentence; undefined when nothing is. */
export function isAllowed(headers: IncomingHttpHeaders, allowed: Allowed): string | undefined {
  const host = (headers.host ?? '').toLowerCase()
  const [, name = '', port] = /^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/.exec(host) ?? []
  if (!allowed.anyHost && !allowed.hosts.has(host)) {
    if (!allowed.hosts.has(name)) return `Host "${host.slice(0, 100)}" is not on the allow-list.`
    if (port !== undefined && !allowed.ports.has(Number(port))) return `Host "${host.slice(0, 100)}" names another port.`
  }
  const origin = headers.origin?.toLowerCase()
  if (origin === undefined || allowed.origins.has(origin) || origin === `http://${host}` || origin === `https://${host}`) return undefined
  return `Origin "${origin.slice(0, 100)}" is not on the allow-list.`
}
