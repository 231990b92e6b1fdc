/** A value as indented JSON with quiet colours. Every string goes through `visible`: nothing in it can hide or reorder the page. */
import type { ReactNode } from 'react'
import { visible } from '../text.ts'

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

export function Json({ value }: { readonly value: unknown }) {
  const text = visible(JSON.stringify(value, null, 2) ?? 'undefined')
  const parts: ReactNode[] = []
  let at = 0
  for (const found of text.matchAll(token)) {
    parts.push(text.slice(at, found.index))
    const [whole, string, colon] = found
    const ink = colon !== undefined ? 'text-faint' : string !== undefined ? 'text-ink' : 'text-busy'
    parts.push(
      <span key={found.index} className={ink}>
        {whole}
      </span>,
    )
    at = found.index + whole.length
  }
  return <pre className="whitespace-pre-wrap break-words font-mono text-xs leading-relaxed text-faint">{[...parts, text.slice(at)]}</pre>
}
