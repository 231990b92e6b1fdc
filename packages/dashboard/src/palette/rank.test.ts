import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAsked } from './asked.ts'
import { packed, unpacked } from './messages.ts'
import { createIndex, type Kind } from './rank.ts'

const indexOf = (names: Partial<Record<Kind, readonly (string | readonly [string, string])[]>>) => {
  const index = createIndex()
  for (const [kind, list] of Object.entries(names) as [Kind, readonly (string | readonly [string, string])[]][])
    index.put(
      kind,
      list.map((entry) => (typeof entry === 'string' ? entry : entry[0])),
      list.map((entry) => (typeof entry === 'string' ? '' : entry[1])),
    )
  return (typed: string, more: { only?: readonly Kind[]; recent?: readonly { kind: Kind; at: number }[]; limit?: number } = {}) => {
    const { hits, total } = index.find({ typed, only: [], recent: [], limit: 50, ...more })
    const nameOf = ({ kind, at }: { kind: Kind; at: number }) => {
      const entry = names[kind]?.[at]
      return typeof entry === 'string' ? entry : (entry?.[0] ?? '')
    }
    return {
      names: hits.map(nameOf),
      total,
      marked: hits.map((hit) => hit.marks.map(([from, to]) => nameOf(hit).slice(from, to)).join('|')),
    }
  }
}

describe('what was meant stands first:', () => {
  const find = indexOf({
    task: ['Write the docs', 'Rewrite it', 'docs', 'Fix the doc generator', 'dogs and cats'],
    agent: [['Doctor', 'agent-7']],
  })
  test('the whole name, then its begin, then the begin of a word, then within, then letters in order', () => {
    expect(find('docs', { only: ['task'] }).names).toEqual(['docs', 'Write the docs'])
    expect(find('write', { only: ['task'] }).names).toEqual(['Write the docs', 'Rewrite it'])
    expect(find('doc').names[0]).toBe('Doctor')
  })
  test('every word counts, in any order', () => expect(find('docs write').names).toEqual(['Write the docs']))
  test('letters in order, near each other or the first ones of words', () => {
    expect(find('wtd').names).toEqual(['Write the docs'])
    expect(find('rwrt').names).toEqual(['Rewrite it'])
    expect(find('xyz').names).toEqual([])
  })
  test('what stands beside the name is looked through too', () => expect(find('agent-7').names).toEqual(['Doctor']))
  test('what was picked lately comes before its equals', () =>
    expect(find('do', { recent: [{ kind: 'task', at: 4 }], only: ['task'] }).names[0]).toBe('dogs and cats'))
  test('what was found is marked', () => {
    expect(find('docs write').marked).toEqual(['Write|docs'])
    expect(find('wtd').marked).toEqual(['W|t|d'])
  })
})

test('says how many match, with those that it does not show', () => {
  const find = indexOf({ task: Array.from({ length: 500 }, (_, i) => `task ${i}`) })
  expect(find('task', { limit: 10 })).toMatchObject({ total: 500, names: { length: 10 } })
  expect(find('', { limit: 10, only: ['task'] }).names).toEqual(Array.from({ length: 10 }, (_, i) => `task ${i}`))
})

test('whatever there is and whatever is typed: hits hold every word or its letters, the best first, and marks lie within the name', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '-'), maxLength: 12 })
  fc.assert(
    fc.property(fc.array(text, { maxLength: 30 }), text, (names, typed) => {
      const index = createIndex()
      index.put(
        'task',
        names,
        names.map(() => ''),
      )
      const all = index.find({ typed, only: [], recent: [], limit: 100 })
      expect(all.total).toBe(all.hits.length)
      for (const { at, marks } of all.hits) {
        const name = names[at] ?? ''
        for (const [from, to] of marks) expect(from >= 0 && from < to && to <= name.length).toBe(true)
      }
      const words = typed.split(' ').filter(Boolean)
      // Where every word is a part of the name it is found, whatever else is.
      const whole = names.flatMap((name, at) => (words.every((word) => name.includes(word)) ? [at] : []))
      expect(all.hits.map(({ at }) => at)).toEqual(expect.arrayContaining(whole))
      const few = index.find({ typed, only: [], recent: [], limit: 3 })
      expect(few).toEqual({ hits: all.hits.slice(0, 3), total: all.total })
    }),
  )
})

test('fifty thousand names are looked through in less than 50 ms a stroke', () => {
  const index = createIndex()
  const verbs = ['Write', 'Fix', 'Review', 'Deploy', 'Investigate', 'Refactor', 'Measure', 'Document']
  const things = ['the parser', 'login flow', 'flaky test', 'cost report', 'queue', 'schema migration', 'dashboard', 'retry policy']
  const names = Array.from({ length: 50_000 }, (_, i) => `${verbs[i % 8]} ${things[Math.floor(i / 8) % 8]} number ${i}`)
  index.put(
    'task',
    names,
    names.map((_, i) => `task-${i} worker-${i % 300}`),
  )
  for (const typed of ['r', 're', 'rev', 'review the', 'rvw prsr', 'number 49321', 'worker-123', 'zzzz']) {
    const times = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage()
      index.find({ typed, only: [], recent: [], limit: 50 })
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000
    })
    expect(Math.min(...times), typed).toBeLessThan(50)
  }
  expect(index.find({ typed: 'number 49321', only: [], recent: [], limit: 1 }).hits[0]?.at).toBe(49_321)
})

test('a prefix tells among what to look', () => {
  expect(parseAsked('/task build it')).toEqual({ only: ['task'], text: 'build it', save: false })
  expect(parseAsked('/t')).toEqual({ only: ['task', 'tool'], text: '', save: false })
  expect(parseAsked('/agents x')).toEqual({ only: ['agent'], text: 'x', save: false })
  expect(parseAsked('/')).toEqual({ only: [], text: '', save: false })
  expect(parseAsked('/usr/bin')).toEqual({ only: [], text: '/usr/bin', save: false })
  expect(parseAsked('a /b')).toEqual({ only: [], text: 'a /b', save: false })
  expect(parseAsked('/save My view')).toEqual({ only: [], text: 'My view', save: true })
})

test('lists go as one text and come out as they were, a name of two lines as one', () => {
  expect(unpacked(packed(['a', '', 'b\nc']), 3)).toEqual(['a', '', 'b c'])
  expect(unpacked(packed([]), 0)).toEqual([])
})
