import { expect, test } from 'vitest'
import { parseSearch } from './search.ts'

test.each([
  [{}, {}],
  [
    { q: 'a', from: 1, to: 2, sel: 'event:1', paused: true },
    { q: 'a', from: 1, to: 2, sel: 'event:1', paused: true },
  ],
  [{ q: '', from: undefined, paused: false, view: 'grid' }, {}],
  [{ from: 'yesterday', to: 1.5, other: 1 }, {}],
  [
    { run: 42, task: '7' },
    { run: '42', task: '7' },
  ],
])('of the address %j counts %j', (raw, wanted) => {
  expect(parseSearch(raw)).toEqual(wanted)
})
