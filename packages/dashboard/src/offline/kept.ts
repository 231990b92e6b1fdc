/** Saved views and acknowledgements as they are kept and changed, and what is shown of them: the server's, with the changes made here. */
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

type Content =
  | { readonly kind: 'view'; readonly body: Pick<SavedView, 'name' | 'screen' | 'search'> }
  | { readonly kind: 'acknowledgement'; readonly body: Pick<Acknowledgement, 'note'> }
interface Named {
  readonly id: string
  /** Epoch ms by the server's clock: of two changes of one thing the later one holds. */
  readonly at: number
}
export type KeptThing = Named & Content
/** Without a body it is a removal. */
export type KeptChange = KeptThing | (Named & { readonly kind: KeptThing['kind']; readonly body: null })

export interface Shown {
  readonly views: readonly SavedView[]
  readonly acknowledged: ReadonlyMap<string, Acknowledgement>
  /** Changes made here that the server does not have yet. */
  readonly waiting: number
}

export const keyOf = ({ kind, id }: Pick<KeptChange, 'kind' | 'id'>): string => `${kind} ${id}`

export function shownOf(things: Iterable<KeptThing>, changes: ReadonlyMap<string, KeptChange>): Shown {
  const all = new Map<string, KeptChange>()
  for (const thing of things) all.set(keyOf(thing), thing)
  for (const [key, change] of changes) if (change.at >= (all.get(key)?.at ?? 0)) all.set(key, change)
  const views: SavedView[] = []
  const acknowledged = new Map<string, Acknowledgement>()
  for (const { kind, id, at, body } of all.values()) {
    if (body === null) continue
    if (kind === 'view') views.push({ id, ...body, savedAt: at } as SavedView)
    else acknowledged.set(id, { subject: id, ...body, at } as Acknowledgement)
  }
  views.sort((a, b) => a.name.localeCompare(b.name) || a.savedAt - b.savedAt)
  return { views, acknowledged, waiting: changes.size }
}
