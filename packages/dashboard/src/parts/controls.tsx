import type { ReactNode } from 'react'

export function Figure({ name, value, tone = '' }: { readonly name: string; readonly value: string; readonly tone?: string }) {
  return (
    <span className="flex items-baseline gap-1.5 whitespace-nowrap">
      <span className={`text-base font-semibold tabular-nums ${tone}`}>{value}</span>
      <span className="text-xs text-faint">{name}</span>
    </span>
  )
}

export function Toggle({ on, press, children }: { readonly on: boolean; readonly press: () => void; readonly children: ReactNode }) {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={press}
      className={`whitespace-nowrap rounded-md border px-2.5 py-1 max-md:py-1.5 ${on ? 'border-accent bg-accent/15 text-accent' : 'border-line bg-panel text-soft hover:text-ink'}`}
    >
      {children}
    </button>
  )
}

interface KeyButtonProps {
  readonly label: string
  /** As its binding has them: they are told, and do the same. */
  readonly keys: string
  readonly press: () => void
  /** Its size. */
  readonly look: string
  readonly children: ReactNode
}

export function KeyButton({ label, keys, press, look, children }: KeyButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      aria-keyshortcuts={keys}
      title={`${label} (${keys})`}
      onClick={press}
      className={`border border-line bg-panel text-soft hover:text-ink ${look}`}
    >
      {children}
    </button>
  )
}
