import { expect, test } from 'vitest'
import { whole } from '../../live/slices.testing.ts'
import type { Node } from './node.ts'
import { escaped, fileName, reportOf } from './report.ts'
import { createTree } from './tree.ts'

const usage = { inputTokens: 1_500, cacheReadTokens: 500, cacheWriteTokens: 0, outputTokens: 20, reasoningTokens: 0, costMicros: 250_000 }
const hostile = '# <script>alert(1)</script> [x](http://evil.example) `a` | b\n- new\u202e item'

function run(): Node {
  const totals = { llmCalls: 1, toolCalls: 0, errors: 1 }
  return whole(
    createTree()(
      {
        run: {
          id: 'r',
          name: { value: hostile, at: 0, by: '' },
          state: 'finished',
          startedAt: 0,
          finishedAt: 9_000,
          lastEventAt: 9_000,
          synthetic: false,
          events: 3,
          agents: ['a'],
          tasks: {} as never,
          totals: totals as never,
        },
        agents: [],
        tasks: [],
        calls: [
          {
            id: 'c',
            kind: 'llm',
            name: hostile,
            run: 'r',
            agent: 'a',
            startedAt: 1_000,
            endedAt: 3_500,
            outcome: 'failed',
            error: '<b>no</b>',
            usage,
          },
        ],
      },
      'task',
    ),
  )
}

test('a report tells what a run took, what went wrong and the tree', () => {
  const text = [...reportOf(run(), { now: 10_000, stoppedAt: () => 9_000 })].join('')
  expect(text).toContain('| Took | 9.0 s |')
  expect(text).toContain('| Cost | $0.250 |')
  expect(text).toContain('1.5k in / 20 out · $0.250 · 1 failed')
  expect(text).toContain(': \\<b\\>no\\<\\/b\\>')
  expect(text.split('\n').filter((line) => line.startsWith('    - model call')).length).toBe(1)
})

test('text of agents formats nothing, breaks no line and hides nothing', () => {
  const text = [...reportOf(run(), { now: 10_000, stoppedAt: () => 9_000 })].join('')
  expect(text).not.toMatch(/(?<!\\)<|(?<!\\)\]\(|\u202e/)
  expect(escaped('a|b')).toBe('a\\|b')
  expect(escaped('two\nlines')).toBe('two lines')
})

test('a file is named as files may be', () => expect(fileName('claude-code/../x y', 'md')).toBe('claude-code-..-x-y.md'))
