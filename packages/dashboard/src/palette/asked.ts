/** What was typed, read: `/task build` looks among tasks only, `/save name` keeps the view. */
import { type Kind, kinds } from './rank.ts'

export interface Asked {
  readonly only: readonly Kind[]
  readonly text: string
  /** Keep this view under the text. */
  readonly save: boolean
}

export function parseAsked(typed: string): Asked {
  const found = /^\s*\/([a-z]*)\s?(.*)$/is.exec(typed)
  if (found === null) return { only: [], text: typed, save: false }
  const [, prefix = '', text = ''] = found
  const word = prefix.toLowerCase()
  if (word === 'save') return { only: [], text: text.trim(), save: true }
  // `/agents` means agents too.
  const only = word === '' ? [] : kinds.filter((kind) => kind.startsWith(word) || `${kind}s` === word)
  // No kind is called so: it is a name with a slash.
  return word !== '' && only.length === 0 ? { only, text: typed, save: false } : { only, text, save: false }
}
