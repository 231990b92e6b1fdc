import type { ReactNode } from 'react'

interface ShellProps {
  readonly title: string
  readonly unit: string
  readonly legend: ReactNode
  readonly asTable: boolean
  readonly toggle: () => void
  readonly children: ReactNode
}

/** What stands around every chart. */
export function Shell({ title, unit, legend, asTable, toggle, children }: ShellProps) {
  return (
    <section aria-label={title} className="min-w-0 rounded-lg border border-line bg-panel px-3 pb-2 pt-2.5">
      <div className="flex items-center gap-3">
        <h2 className="truncate font-medium">
          {title} {unit !== '' && <span className="text-xs font-normal text-faint">{unit}</span>}
        </h2>
        <button
          type="button"
          aria-pressed={asTable}
          aria-label={`${title} as a table`}
          title="Show as a table"
          onClick={toggle}
          className={`ml-auto rounded border px-1.5 text-xs leading-5 ${asTable ? 'border-accent text-accent' : 'border-line text-faint hover:text-ink'}`}
        >
          <span aria-hidden="true">▤</span>
        </button>
      </div>
      <div className="mb-1 min-h-5">{legend}</div>
      {children}
    </section>
  )
}
