/** Binary mode: attributes of a CloudEvent in the headers of its request (HTTP protocol binding 1.0.2, section 3.1.3). */
import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { Refused } from '../../http/problem.ts'

const prefix = 'ce-'

/** Quotation first, as older senders wrote it, then one round of percent-decoding. Undefined when it is not UTF-8 then. */
export function decodeHeader(value: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(value)?.[1]
  const plain = quoted === undefined ? value : quoted.replaceAll(/\\(.)/g, '$1')
  // Node reads a header's bytes as Latin-1. Who does not encode what is above ASCII sends UTF-8, or Latin-1 as browsers' fetch does.
  const raw = Buffer.from(plain, 'latin1')
  const text = isUtf8(raw) ? raw.toString() : plain
  const bytes = Buffer.from(
    Buffer.from(text)
      .toString('latin1')
      .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  return isUtf8(bytes) ? bytes.toString() : undefined
}

/** Throws `Refused` for a header that cannot be decoded. */
export function attributesOf(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const found = Object.entries(headers).flatMap(([name, value]) => {
    if (!name.startsWith(prefix) || value === undefined) return []
    const decoded = decodeHeader(String(value))
    if (decoded === undefined)
      throw new Refused({ code: 'BAD_REQUEST', detail: `The header ${name.slice(0, 100)} is not UTF-8 once decoded.` })
    return [[name.slice(prefix.length), decoded] as const]
  })
  const contentType = headers['content-type']
  return Object.fromEntries(contentType === undefined ? found : [...found, ['datacontenttype', contentType]])
}
