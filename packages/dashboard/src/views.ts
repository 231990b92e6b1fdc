/** Saved views and acknowledgements: kept for all who look at this fleet, made offline too. */
import { create } from 'zustand'

export interface SavedView {
  readonly id: string
  readonly name: string
  /** Path of its screen, as `/tail`. */
  readonly screen: string
  /** The search of the address, as `?type=tool.*`. */
  readonly search: string
  /** Epoch ms. */
  readonly savedAt: number
}

export interface Acknowledgement {
  /** What is known and needs no more attention, as `sel` names it: `agent:id`, `task:key`. */
  readonly subject: string
  readonly note: string
  /** Epoch ms. */
  readonly at: number
}

interface Kept {
  readonly views: readonly SavedView[]
  readonly acknowledged: ReadonlyMap<string, Acknowledgement>
  /** Changes made here that the server does not have yet. */
  readonly waiting: number
}

export const useKept = create<Kept>(() => ({ views: [], acknowledged: new Map(), waiting: 0 }))

export function saveView(view: Pick<SavedView, 'name' | 'screen' | 'search'>): void {
  const saved = { ...view, id: crypto.randomUUID(), savedAt: Date.now() }
  useKept.setState(({ views }) => ({ views: [...views, saved] }))
}

export function removeView(id: string): void {
  useKept.setState(({ views }) => ({ views: views.filter((view) => view.id !== id) }))
}

export function acknowledge(subject: string, note = ''): void {
  useKept.setState(({ acknowledged }) => ({ acknowledged: new Map(acknowledged).set(subject, { subject, note, at: Date.now() }) }))
}

export function unacknowledge(subject: string): void {
  useKept.setState(({ acknowledged }) => {
    const left = new Map(acknowledged)
    left.delete(subject)
    return { acknowledged: left }
  })
}
