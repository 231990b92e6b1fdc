/** A server as it is, but for the version that its service worker says: what a browser sees when a new build is served. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export async function otherVersions(serverUrl: string) {
  const target = new URL(serverUrl)
  const served = { version: 'first', url: '', close: () => {} }
  const proxy = createServer((asked, answer) => {
    const { origin, 'if-none-match': _etag, 'if-modified-since': _since, ...kept } = asked.headers
    const own = origin === undefined ? {} : { origin: target.origin }
    const headers = { ...kept, ...own, host: target.host, 'accept-encoding': 'identity' }
    const from = request(target.origin + asked.url, { method: asked.method ?? 'GET', headers })
    from.on('response', (response) => {
      if (asked.url !== '/sw.js') {
        answer.writeHead(response.statusCode ?? 500, response.headers)
        response.pipe(answer)
        return
      }
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { etag: _old, ...told } = response.headers
        const script = Buffer.concat(chunks).toString()
        const text = script.replace(/"version":"\w+"/, `"version":"${served.version}"`)
        answer.writeHead(200, { ...told, 'content-length': Buffer.byteLength(text) }).end(text)
      })
    })
    from.on('error', () => answer.destroy())
    answer.on('close', () => from.destroy())
    asked.pipe(from)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  served.url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  served.close = () => {
    proxy.closeAllConnections()
    proxy.close()
  }
  return served
}
