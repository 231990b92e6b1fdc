/** Asks the worker. What it holds is renewed when the palette opens; the answer to an older question is dropped. */
import { type Entries, makers, stampOf } from './entries.ts'
import { type FromIndex, packed, type ToIndex } from './messages.ts'
import { type Kind, kinds, type Question } from './rank.ts'

export interface Offer {
  readonly kind: Kind
  readonly key: string
  readonly name: string
  readonly detail: string
  readonly marks: readonly (readonly [from: number, to: number])[]
}
export interface Offers {
  readonly offers: readonly Offer[]
  readonly total: number
}

export interface Finder {
  /** Collects what there is now; answers whether any of it is other than before. */
  renew(): boolean
  find(
    question: Omit<Question, 'recent'>,
    recent: readonly { readonly kind: Kind; readonly key: string }[],
    tell: (found: Offers) => void,
  ): void
}

let worker: Worker | undefined
let number = 0
let asked: ((from: FromIndex['answer']) => void) | undefined

function started(): Worker {
  if (worker !== undefined) return worker
  worker = new Worker(new URL('./index.worker.ts', import.meta.url), { type: 'module' })
  worker.addEventListener('message', ({ data }: MessageEvent<FromIndex>) => {
    if (data.number === number) asked?.(data.answer)
  })
  return worker
}

export function createFinder(): Finder {
  const held = new Map<Kind, Entries>()
  const stamps = new Map<Kind, string>()
  const send = (message: ToIndex) => started().postMessage(message)
  return {
    renew() {
      let changed = false
      for (const of of kinds) {
        const stamp = stampOf(of)
        if (stamps.get(of) === stamp) continue
        stamps.set(of, stamp)
        changed = true
        const entries = makers[of]()
        held.set(of, entries)
        send({ kind: 'put', of, names: packed(entries.names), details: packed(entries.details), count: entries.names.length })
      }
      return changed
    },
    find(question, recent, tell) {
      number += 1
      asked = ({ hits, total }) =>
        tell({
          total,
          offers: hits.flatMap(({ kind, at, marks }) => {
            const entries = held.get(kind)
            const [key, name, detail] = [entries?.keys[at], entries?.names[at], entries?.details[at]]
            return key === undefined || name === undefined ? [] : [{ kind, key, name, detail: detail ?? '', marks }]
          }),
        })
      const places = recent.flatMap(({ kind, key }) => {
        const at = held.get(kind)?.keys.indexOf(key) ?? -1
        return at < 0 ? [] : [{ kind, at }]
      })
      send({ kind: 'find', number, question: { ...question, recent: places } })
    },
  }
}
