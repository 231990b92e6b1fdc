/** Every event that anybody named, once for each content that its id was seen with, as a number; what is known of it is in columns. */
import { createColumn } from './column.ts'

export type Contents = ReturnType<typeof createContents>

export function createContents() {
  /** First content of each id. */
  const firsts = new Map<string, number>()
  const ids: string[] = []
  const hashes = createColumn('float64')
  /** First content of the same id. */
  const firstOf = createColumn('int32')
  /** Next content of the same id, plus one. */
  const nexts = createColumn('int32')
  const runs: string[] = ['']
  const runNumbers = new Map<string, number>()
  const runOf = createColumn('int32')
  const lines = () => createColumn('int32')

  function add(id: string, hash: number, first: number | undefined): number {
    const content = ids.push(id) - 1
    hashes.set(content, hash)
    firstOf.set(content, first ?? content)
    return content
  }

  return {
    /** Lines where it was first so; 0: never. */
    sent: lines(),
    acknowledged: lines(),
    /** In a call that surely did not happen, or refused by itself. */
    notTaken: lines(),
    reused: lines(),
    /** In a call of which nobody knows. */
    unknown: lines(),
    /** In the log as it was read at the end. */
    logged: lines(),
    /** Made by the server itself. */
    own: lines(),
    poison: createColumn('bit8'),
    /** Where it was first seen by anyone; in the log, if it is there. */
    partition: lines(),
    position: createColumn('float64'),

    get count() {
      return ids.length
    },
    idOf: (content: number): string => ids[content] ?? '',
    /** Of an id with a content; made when it was not known. */
    of(id: string, hash: string): number {
      const print = fingerprint(hash)
      const first = firsts.get(id)
      if (first === undefined) {
        const content = add(id, print, undefined)
        firsts.set(id, content)
        return content
      }
      let at = first
      for (;;) {
        if (hashes.get(at) === print) return at
        const next = nexts.get(at)
        if (next === 0) break
        at = next - 1
      }
      const content = add(id, print, first)
      nexts.set(at, content + 1)
      return content
    },
    /** The first content of its id. */
    firstOf: (content: number): number => firstOf.get(content),
    isFirst: (content: number): boolean => firstOf.get(content) === content,
    /** -1 after the last. */
    next: (content: number): number => nexts.get(content) - 1,
    setRun(content: number, run: string): void {
      const known = runNumbers.get(run)
      const number = known ?? runs.push(run) - 1
      if (known === undefined) runNumbers.set(run, number)
      runOf.set(content, number)
    },
    runOf(content: number): string | undefined {
      const number = runOf.get(content)
      return number === 0 ? undefined : runs[number]
    },
  }
}

/** 53 bits of a text, exact as a number: two that differ by accident are taken for one once in 9·10¹⁵ comparisons. After cyrb53 (public domain). */
function fingerprint(text: string): number {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x9e3779b1)
    b = Math.imul(b ^ code, 0x5f356495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return (b >>> 0) * 2 ** 21 + ((a >>> 0) & 0x1fffff)
}
