import { useState } from 'react'
import { dateTime, visible } from '../../text.ts'
import { acknowledge, unacknowledge, useKept } from '../../views.ts'

/** Somebody knows of this trouble: it is shown calmer, to all. */
export function Acknowledge({ subject }: { readonly subject: string }) {
  const held = useKept(({ acknowledged }) => acknowledged.get(subject))
  const [note, setNote] = useState<string>()
  if (held === undefined)
    return (
      <div className="mb-4 flex items-center gap-2">
        <input
          aria-label="Note for who looks next"
          placeholder="note (may be empty)"
          value={note ?? ''}
          maxLength={500}
          onChange={({ target }) => setNote(target.value)}
          onKeyDown={({ key }) => key === 'Enter' && acknowledge(subject, note)}
          className="min-w-0 flex-1 rounded border border-line bg-page px-2 py-0.5 text-xs placeholder:text-faint"
        />
        <button
          type="button"
          onClick={() => acknowledge(subject, note)}
          className="rounded border border-line bg-panel px-2 py-0.5 text-xs text-soft hover:text-ink"
        >
          acknowledge
        </button>
      </div>
    )
  return (
    <p className="mb-4 rounded border border-line bg-raised p-2 text-xs text-soft">
      ✓ acknowledged {dateTime(held.at).slice(0, 16)}
      {held.note !== '' && <span className="break-words text-ink"> · {visible(held.note)}</span>}{' '}
      <button type="button" className="text-accent hover:underline" onClick={() => unacknowledge(subject)}>
        undo
      </button>
    </p>
  )
}
