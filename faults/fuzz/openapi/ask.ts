/** One request as written, its path untouched, and its answer: whole, or of an open-ended one what comes first. */
import { type IncomingHttpHeaders, request } from 'node:http'

export interface Asked {
  readonly method: string
  /** With its query, encoded or not. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const answersWithinMs = 20_000

/** Rejects when nothing comes in time. */
export function ask(url: string, { method, path, headers = {}, body }: Asked): Promise<Answered> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) }
    const asked = request({ hostname, port, method, path, headers: { ...headers, ...length } }, (response) => {
      const chunks: Buffer[] = []
      const end = () => {
        clearTimeout(late)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      }
      const isOpenEnded = (response.headers['content-type'] ?? '').startsWith('text/event-stream')
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (!isOpenEnded) return
        end()
        asked.destroy()
      })
      response.on('end', end)
      response.on('error', reject)
    })
    const late = setTimeout(() => asked.destroy(new Error(`nothing came within ${answersWithinMs / 1_000} s`)), answersWithinMs)
    asked.on('error', (error) => {
      clearTimeout(late)
      reject(error)
    })
    asked.end(body)
  })
}
