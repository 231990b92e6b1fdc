import { type ReactNode, useId } from 'react'

export function Section({ title, about, children }: { readonly title: string; readonly about?: ReactNode; readonly children: ReactNode }) {
  const id = useId()
  return (
    <section
      aria-labelledby={id}
      className="grid gap-x-10 gap-y-3 border-t border-line py-7 first-of-type:border-0 md:grid-cols-[13rem_1fr]"
    >
      <div>
        <h3 id={id} className="font-semibold">
          {title}
        </h3>
        {about !== undefined && <p className="mt-1 text-xs text-faint">{about}</p>}
      </div>
      <div className="min-w-0">{children}</div>
    </section>
  )
}

export const Card = ({ children }: { readonly children: ReactNode }) => (
  <div className="divide-y divide-line rounded-lg border border-line bg-panel">{children}</div>
)

interface RowProps {
  readonly name: string
  readonly about?: ReactNode
  readonly children: ReactNode
}

/** A setting: its control is named by the row. */
export function Setting({ name, about, children }: RowProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label className="flex items-center justify-between gap-6 px-4 py-3">
      <span>
        {name}
        {about !== undefined && <span className="block text-xs text-faint">{about}</span>}
      </span>
      {children}
    </label>
  )
}

export function Fact({ name, about, children }: RowProps) {
  return (
    <div className="flex items-baseline justify-between gap-6 px-4 py-2.5">
      <dt className="text-soft">
        {name}
        {about !== undefined && <span className="block text-xs text-faint">{about}</span>}
      </dt>
      <dd className="max-w-[60%] shrink-0 break-words text-right tabular-nums">{children}</dd>
    </div>
  )
}

export function Choice<T extends string>({
  value,
  options,
  pick,
}: {
  readonly value: T
  readonly options: Readonly<Record<T, string>>
  readonly pick: (value: T) => void
}) {
  return (
    <select
      value={value}
      onChange={({ target }) => pick(target.value as T)}
      className="rounded-md border border-line bg-raised px-2.5 py-1.5 hover:border-faint"
    >
      {(Object.entries(options) as [T, string][]).map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
  )
}

export function Check({ on, set }: { readonly on: boolean; readonly set: (on: boolean) => void }) {
  return (
    <input type="checkbox" checked={on} onChange={({ target }) => set(target.checked)} className="size-4 shrink-0 accent-[var(--accent)]" />
  )
}

const plain = 'shrink-0 rounded-md border border-line bg-raised px-2.5 py-1 hover:border-faint'
export const button = `${plain} text-soft hover:text-ink`
export const gravely = `${plain} text-bad`
