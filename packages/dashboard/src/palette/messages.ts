/** Between the page and the worker that holds the names. Lists go as one text: thousands of small ones would be copied one by one. */
import type { Answer, Kind, Question } from './rank.ts'

export type ToIndex =
  | { readonly kind: 'put'; readonly of: Kind; readonly names: string; readonly details: string; readonly count: number }
  | { readonly kind: 'find'; readonly number: number; readonly question: Question }
export interface FromIndex {
  readonly number: number
  readonly answer: Answer
}

const between = '\n'
/** Of a name as long as an essay the begin is looked through. */
const mostChars = 200

const line = (text: string) => (text.length > mostChars ? text.slice(0, mostChars) : text).replaceAll(between, ' ')
export const packed = (list: readonly string[]): string => list.map(line).join(between)
export const unpacked = (text: string, count: number): readonly string[] => (count === 0 ? [] : text.split(between))
