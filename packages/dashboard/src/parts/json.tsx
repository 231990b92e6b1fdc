/** A value as indented JSON with quiet colours. Every string goes through `visible`: nothing in it can hide or reorder the page. */
import { type ReactNode, useMemo, useState } from 'react'
import { compact, visible } from '../text.ts'

/** Shown and coloured at once; more is shown plain, on demand. Characters. */
const firstChars = 12_000
/** Plain text is laid out in blocks of this many characters, each only while it is in sight. */
const blockChars = 8_000

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const look = 'whitespace-pre-wrap break-all font-mono text-xs leading-relaxed text-faint'

export function Json({ value }: { readonly value: unknown }) {
  const text = useMemo(() => visible(JSON.stringify(value, null, 2) ?? 'undefined'), [value])
  const [all, setAll] = useState(false)
  const rest = useMemo(() => (all ? blocksOf(text.slice(firstChars)) : []), [all, text])
  return (
    <>
      <pre className={look}>{useMemo(() => coloured(text.slice(0, firstChars)), [text])}</pre>
      {rest.map((block, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks of one text never change places
        <pre key={i} className={look} style={{ contentVisibility: 'auto', containIntrinsicSize: 'auto 3000px' }}>
          {block}
        </pre>
      ))}
      {!all && text.length > firstChars && (
        <button type="button" className="mt-2 text-accent hover:underline" onClick={() => setAll(true)}>
          … show all, {compact(text.length)} characters
        </button>
      )}
    </>
  )
}

/** Cut at the end of a line where there is one near. */
function blocksOf(text: string): readonly string[] {
  const blocks: string[] = []
  for (let from = 0; from < text.length; ) {
    const line = text.indexOf('\n', from + blockChars)
    const to = line < 0 || line > from + 2 * blockChars ? from + blockChars : line + 1
    blocks.push(text.slice(from, to))
    from = to
  }
  return blocks
}

function coloured(text: string): ReactNode[] {
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
  return [...parts, text.slice(at)]
}
