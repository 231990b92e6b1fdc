import { useState } from 'react'
import { Copy } from '../copy.tsx'
import { Json } from '../json.tsx'

/** The row as the page holds it. */
export function RawRow({ row }: { readonly row: object }) {
  const [open, setOpen] = useState(false)
  return (
    <section aria-label="Row" className="mt-5">
      <div className="mb-2 flex items-center justify-between">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="flex items-center gap-1.5 text-xs font-medium uppercase tracking-wide text-faint hover:text-ink"
        >
          <span aria-hidden="true">{open ? '▾' : '▸'}</span>
          Row as JSON
        </button>
        <Copy name="copy JSON" text={() => JSON.stringify(row, null, 2)} />
      </div>
      {open && <Json value={row} />}
    </section>
  )
}
