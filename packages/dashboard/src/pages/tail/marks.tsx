/** Terms that are highlighted wherever they stand in a line. Each has its own colour and its own underline: colour is never the only signal. */
import { useState } from 'react'
import { useSearch } from '../../search.ts'
import { piecesOf } from './pieces.ts'

const mostMarks = 5
/** Literal, so that the style sheet has them. */
const looks = [
  'bg-wait/20 decoration-wait decoration-solid',
  'bg-accent/20 decoration-accent decoration-double',
  'bg-good/20 decoration-good decoration-dotted',
  'bg-model/20 decoration-model decoration-dashed',
  'bg-tool/20 decoration-tool decoration-wavy',
] as const
const look = (i: number) => `rounded-sm text-ink underline decoration-2 underline-offset-2 ${looks[i % looks.length]}`

export const marksOf = (text: string): readonly string[] =>
  [...new Set(text.split(',').filter((term) => term.trim() !== ''))].slice(0, mostMarks)

/** `text` is safe to show already. */
export function Marked({ text, marks }: { readonly text: string; readonly marks: readonly string[] }) {
  if (marks.length === 0) return text
  return piecesOf(text, marks).map(({ from, text: piece, mark }) =>
    mark === undefined ? (
      piece
    ) : (
      <mark key={from} className={look(mark)}>
        {piece}
      </mark>
    ),
  )
}

export function MarkBox({ box }: { readonly box: React.Ref<HTMLInputElement> }) {
  const [search, setSearch] = useSearch()
  const [typed, setTyped] = useState('')
  const marks = marksOf(search.mark)
  const add = () => {
    const term = typed.replaceAll(',', ' ').trim()
    if (term !== '') setSearch({ mark: [...marks.filter((mark) => mark !== term), term].slice(-mostMarks).join(',') })
    setTyped('')
  }
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-1">
      <input
        ref={box}
        type="text"
        aria-label="Highlight a term"
        placeholder={marks.length < mostMarks ? 'Highlight  h' : 'five are highlighted'}
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={({ key, currentTarget }) => {
          if (key === 'Enter') add()
          if (key === 'Escape') currentTarget.blur()
        }}
        onBlur={add}
        className="w-28 rounded-md border border-line bg-panel px-2 py-1 placeholder:text-faint"
      />
      {marks.map((mark, i) => (
        <button
          key={mark}
          type="button"
          aria-label={`Do not highlight ${mark}`}
          onClick={() => setSearch({ mark: marks.filter((other) => other !== mark).join(',') })}
          className="max-w-40 truncate rounded-md border border-line bg-panel px-1.5 py-1 text-xs"
        >
          <span className={look(i)}>{mark}</span> <span aria-hidden="true">✕</span>
        </button>
      ))}
    </div>
  )
}
