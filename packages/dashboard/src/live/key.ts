/** The read key of a server beyond loopback: kept for this tab's session, sent as a header or in a WebSocket's first frame, never part of an address. */
const place = 'signalbox.key'

export const heldKey = (): string | undefined => sessionStorage.getItem(place) ?? undefined
const headersOf = (key: string | undefined): Record<string, string> => (key === undefined ? {} : { authorization: `Bearer ${key}` })

export const fetchWithKey = (path: string, init: RequestInit & { readonly headers?: Record<string, string> } = {}): Promise<Response> =>
  fetch(path, { ...init, headers: { ...init.headers, ...headersOf(heldKey()) } })

/** Tries the key and keeps it when it may read. Answers what is wrong with it, in a sentence. */
export async function tryKey(text: string): Promise<string | undefined> {
  const key = text.trim()
  if (!/^sbx_[0-9a-f]+_[0-9a-f]+_[0-9a-f]{8}$/.test(key)) return 'This is no whole key. A key is one line that begins with sbx_.'
  const response = await fetch('/v1/runs?limit=1', { headers: headersOf(key) }).catch(() => undefined)
  if (response === undefined) return 'The server did not answer. Try again.'
  if (response.status === 401) return 'The server does not know this key: it was mistyped or revoked.'
  if (response.status === 403) return 'This key may not read. Use one with the scope "read".'
  if (!response.ok) return `The server answered ${response.status}. Try again.`
  sessionStorage.setItem(place, key)
  return undefined
}
