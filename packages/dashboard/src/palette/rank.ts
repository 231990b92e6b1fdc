/** Finds what was meant among tens of thousands of names: every word in the name, else its letters in order, else in what stands beside it. */

export const kinds = ['screen', 'action', 'view', 'run', 'agent', 'task', 'model', 'tool'] as const
export type Kind = (typeof kinds)[number]

interface Hit {
  readonly kind: Kind
  /** Place in the kind's lists. */
  readonly at: number
  /** Of the name, to be marked: pairs of from and to. */
  readonly marks: readonly (readonly [from: number, to: number])[]
}

export interface Answer {
  /** Best first. */
  readonly hits: readonly Hit[]
  /** How many match, with those that are not among the hits. */
  readonly total: number
}

export interface Question {
  readonly typed: string
  /** Only these; empty: all. */
  readonly only: readonly Kind[]
  /** Picked lately. */
  readonly recent: readonly { readonly kind: Kind; readonly at: number }[]
  readonly limit: number
}

interface Names {
  readonly names: readonly string[]
  readonly details: readonly string[]
}

/** Few and often meant, before many. */
const weights: Record<Kind, number> = { screen: 14, action: 8, view: 10, run: 6, agent: 5, task: 0, model: 3, tool: 2 }
const recentWeight = 25
/** Letters in order may lie so far apart, as a multiple of how many they are. */
const mostSpread = 3

export interface Index {
  put(kind: Kind, names: readonly string[], details: readonly string[]): void
  find(question: Question): Answer
}

const wordsOf = (typed: string): readonly string[] => typed.toLowerCase().split(/\s+/).filter(Boolean)

export function createIndex(): Index {
  const held = new Map<Kind, Names>()
  return {
    put(kind, names, details) {
      held.set(kind, { names: names.map((name) => name.toLowerCase()), details: details.map((detail) => detail.toLowerCase()) })
    },
    find({ typed, only, recent, limit }) {
      const words = wordsOf(typed)
      const lately = new Set(recent.map(({ kind, at }) => `${kind} ${at}`))
      const best = createBest(limit)
      let total = 0
      for (const kind of only.length === 0 ? kinds : only) {
        const { names = [], details = [] } = held.get(kind) ?? {}
        for (let at = 0; at < names.length; at += 1) {
          const score = scoreOf(names[at] ?? '', details[at] ?? '', words)
          if (score <= 0) continue
          total += 1
          best.offer(score + weights[kind] + (lately.size > 0 && lately.has(`${kind} ${at}`) ? recentWeight : 0), kind, at)
        }
      }
      const hits = best.all().map(({ kind, at }) => ({ kind, at, marks: marksOf(held.get(kind)?.names[at] ?? '', words) }))
      return { hits, total }
    },
  }
}

function createBest(limit: number) {
  const kept: { readonly score: number; readonly kind: Kind; readonly at: number }[] = []
  return {
    offer(score: number, kind: Kind, at: number) {
      const last = kept.at(-1)
      if (kept.length === limit && last !== undefined && score <= last.score) return
      let place = kept.length
      while (place > 0 && (kept[place - 1]?.score ?? 0) < score) place -= 1
      kept.splice(place, 0, { score, kind, at })
      if (kept.length > limit) kept.pop()
    },
    all: () => kept,
  }
}

/** 0: a word is nowhere. */
function scoreOf(name: string, detail: string, words: readonly string[]): number {
  let sum = 1
  for (const word of words) {
    const score = scoreIn(name, word)
    if (score > 0) sum += score
    else if (detail.includes(word)) sum += 30
    else return 0
  }
  // Of two that match as well the shorter one was meant.
  return Math.max(1, sum - Math.min(12, name.length * 0.1))
}

const isLetter = (code: number) => (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code > 127
const beginsWord = (name: string, at: number) => at === 0 || !isLetter(name.charCodeAt(at - 1))

function scoreIn(name: string, word: string): number {
  const first = name.indexOf(word)
  if (first < 0) return scattered(name, word)
  let at = first
  while (at >= 0 && !beginsWord(name, at)) at = name.indexOf(word, at + 1)
  const start = at >= 0 ? at : first
  const where = start === 0 ? 40 : at >= 0 ? 28 : 8
  return 50 + where + (word.length === name.length ? 20 : 0) + Math.min(10, word.length) - Math.min(10, start * 0.2)
}

/** Where its letters stand as first letters of words, in order: "wtd" is "write the docs". */
function initials(name: string, word: string, places?: number[]): boolean {
  let letter = 0
  for (let at = 0; at < name.length && letter < word.length; at += 1) {
    if (name.charCodeAt(at) !== word.charCodeAt(letter) || !beginsWord(name, at)) continue
    places?.push(at)
    letter += 1
  }
  return letter === word.length
}

/** Its letters in order, as the first ones of words or near each other. */
function scattered(name: string, word: string): number {
  if (word.length < 2) return 0
  if (initials(name, word)) return 30
  let [from, at] = [-1, 0]
  for (let i = 0; i < word.length; i += 1) {
    const found = name.indexOf(word[i] ?? '', at)
    if (found < 0) return 0
    if (from < 0) from = found
    at = found + 1
  }
  const spread = at - from
  return spread > mostSpread * word.length ? 0 : Math.max(1, 20 - (spread - word.length) * 0.5)
}

function placesOf(name: string, word: string): readonly number[] {
  const places: number[] = []
  if (initials(name, word, places)) return places
  let from = 0
  return Array.from(word, (letter) => {
    const found = name.indexOf(letter, from)
    from = found + 1
    return found
  })
}

/** Where the words stand in the name, those of letters in order one by one. */
function marksOf(name: string, words: readonly string[]): Hit['marks'] {
  const marks: (readonly [number, number])[] = []
  for (const word of words) {
    let at = name.indexOf(word)
    if (at >= 0) {
      let begin = at
      while (begin >= 0 && !beginsWord(name, begin)) begin = name.indexOf(word, begin + 1)
      if (begin >= 0) at = begin
      marks.push([at, at + word.length])
    } else if (scattered(name, word) > 0) {
      for (const place of placesOf(name, word)) marks.push([place, place + 1])
    }
  }
  return merged(marks)
}

function merged(marks: readonly (readonly [number, number])[]): Hit['marks'] {
  const joined: [number, number][] = []
  for (const [from, to] of [...marks].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined
}
