/** A body signed with a secret that its sender and this server share. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { CompiledSignature } from './config.ts'

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

const lengths = { sha1: 20, sha256: 32, sha512: 64 } as const

/** The signature in the headers; undefined when there is none of its form. */
export function signatureIn(headers: Headers, { header, prefix, encoding, hash }: CompiledSignature): Buffer | undefined {
  const said = headers[header]
  if (typeof said !== 'string' || !said.startsWith(prefix)) return undefined
  const bytes = Buffer.from(said.slice(prefix.length).trim(), encoding)
  return bytes.length === lengths[hash] ? bytes : undefined
}

/** Takes as long whatever is wrong with it. */
export function isSigned(body: Uint8Array, headers: Headers, signature: CompiledSignature): boolean {
  const said = signatureIn(headers, signature)
  return said !== undefined && timingSafeEqual(said, createHmac(signature.hash, signature.secret).update(body).digest())
}
