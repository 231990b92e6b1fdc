import { isKnownType } from '@signalbox/model/vocabulary.ts'
import { expect, test } from 'vitest'
import { createWork, type EmitContext } from './work.ts'

function recorded() {
  const events: { type: string; data: Record<string, unknown>; context: EmitContext | undefined }[] = []
  let ids = 0
  const work = createWork(
    (type, data = {}, context = undefined) => {
      expect(isKnownType(type)).toBe(true)
      return String(events.push({ type, data, context }))
    },
    () => `id-${++ids}`,
  )
  return { work, events }
}
const broken = () => {
  throw new Error('no network')
}

test('a task is created, started and completed under an id of its own, below its parent', async () => {
  const { work, events } = recorded()
  const result = await work.task('Write', (task) => work.tool('search', () => task, { task }), { task: 'parent', run: 'r' })
  expect(result).toBe('id-1')
  expect(events).toEqual([
    { type: 'task.created', data: { title: 'Write', parent: 'parent' }, context: { run: 'r', task: 'id-1' } },
    { type: 'task.started', data: {}, context: { run: 'r', task: 'id-1' } },
    { type: 'tool.started', data: { call: 'id-2', name: 'search' }, context: { task: 'id-1' } },
    { type: 'tool.finished', data: { call: 'id-2', name: 'search' }, context: { task: 'id-1' } },
    { type: 'task.completed', data: {}, context: { run: 'r', task: 'id-1' } },
  ])
})

test('a model call ends with its figures, which cost it nothing when they cannot be read', async () => {
  const { work, events } = recorded()
  const result = () => ({ usage: { inputTokens: 7, outputTokens: 2 }, costMicros: 30 })
  expect(await work.llm({ model: 'm', name: 'plan', task: 't', call: () => 'text', result })).toBe('text')
  expect(await work.llm({ call: () => 'text', result: broken })).toBe('text')
  expect(events).toEqual([
    { type: 'llm.started', data: { call: 'id-1', name: 'plan', model: 'm' }, context: { task: 't' } },
    { type: 'llm.finished', data: { call: 'id-1', name: 'plan', model: 'm', ...result() }, context: { task: 't' } },
    { type: 'llm.started', data: { call: 'id-2' }, context: {} },
    { type: 'llm.finished', data: { call: 'id-2' }, context: {} },
  ])
})

test('what fails is told as failed and thrown on, whether at once or later', async () => {
  const { work, events } = recorded()
  await expect(work.task('Write', broken)).rejects.toThrow('no network')
  await expect(work.llm({ call: broken })).rejects.toThrow('no network')
  await expect(work.tool({ name: 'search', call: async () => broken() })).rejects.toThrow('no network')
  await expect(work.tool('search', broken)).rejects.toThrow('no network')
  const ended = events.filter(({ type }) => type.endsWith('.failed'))
  expect(ended.map(({ type, data }) => [type, data.error])).toEqual(
    ['task.failed', 'llm.failed', 'tool.failed', 'tool.failed'].map((type) => [type, 'no network']),
  )
  expect(events.filter(({ type }) => type === 'task.completed' || type.endsWith('.finished'))).toEqual([])
})
