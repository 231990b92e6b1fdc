import { useState } from 'react'

/** Copies a text made when it is pressed. Says so, or that the browser does not let it: beyond localhost it wants https. */
export function Copy({ name, text, className = '' }: { readonly name: string; readonly text: () => string; readonly className?: string }) {
  const [said, setSaid] = useState<string>()
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text())
      setSaid('copied')
    } catch {
      setSaid('not allowed here')
    }
  }
  return (
    <button
      type="button"
      onClick={() => void copy()}
      onBlur={() => setSaid(undefined)}
      className={`shrink-0 rounded border border-line bg-panel px-2 py-0.5 text-xs text-soft hover:text-ink ${className}`}
    >
      <span aria-live="polite">{said ?? name}</span>
    </button>
  )
}
