import { useMemo, useState } from 'react'
import { visible } from '../../text.ts'
import { Copy } from '../copy.tsx'
import { Json } from '../json.tsx'
import { type Body, sizeOf, sizeText, unwrapped } from './bodies.ts'

/** Shown at once; all of it on demand. Characters. */
const firstChars = 4_000
/** Laid out in blocks of so many characters, each only while it is in sight. */
const blockChars = 8_000

/** One body with its size: text as text, anything else as JSON. */
export function BodyView({ body: { name, value }, ink = '' }: { readonly body: Body; readonly ink?: string }) {
  const inner = useMemo(() => unwrapped(value), [value])
  const text = useMemo(() => (typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')), [value])
  const size = useMemo(() => sizeText(sizeOf(text)), [text])
  return (
    <section aria-label={visible(name)} className="mb-2 rounded-md border border-line">
      <header className="flex items-center gap-2 border-b border-line/60 px-2 py-1 text-xs text-faint">
        <span className="min-w-0 truncate font-medium">{visible(name)}</span>
        <span className="ml-auto whitespace-nowrap tabular-nums">{size}</span>
        <Copy name="copy" text={() => text} />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is longer than its box is scrolled by keys too */}
      <div tabIndex={0} className={`max-h-96 overflow-auto px-2 py-1.5 focus-visible:-outline-offset-2 ${ink}`}>
        {typeof inner === 'string' ? <LongText text={inner} size={size} /> : <Json value={inner} />}
      </div>
    </section>
  )
}

function LongText({ text, size }: { readonly text: string; readonly size: string }) {
  const [all, setAll] = useState(false)
  const first = useMemo(() => visible(text.slice(0, firstChars)), [text])
  const rest = useMemo(() => (all ? blocksOf(visible(text.slice(firstChars))) : []), [all, text])
  const look = 'whitespace-pre-wrap break-words font-mono text-xs leading-relaxed'
  return (
    <>
      <pre className={look}>{first}</pre>
      {rest.map((block, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks of one text never change places
        <pre key={i} className={look} style={{ contentVisibility: 'auto', containIntrinsicSize: 'auto 2000px' }}>
          {block}
        </pre>
      ))}
      {!all && text.length > firstChars && (
        <button type="button" className="mt-1 text-xs text-accent hover:underline" onClick={() => setAll(true)}>
          … show all, {size}
        </button>
      )}
    </>
  )
}

function blocksOf(text: string): readonly string[] {
  const blocks: string[] = []
  for (let from = 0; from < text.length; from += blockChars) blocks.push(text.slice(from, from + blockChars))
  return blocks
}
