import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { tokenizer } from 'acorn'
import { expect, test } from 'vitest'
import { allPoints } from './arm.ts'
import { moments, pointedFiles, pointsOf, withPoints } from './points.ts'

const sourceOf = (file: string) => readFileSync(join(import.meta.dirname, '../../packages/server/src', file), 'utf8')
/** Counted from the words of the text, not from its tree. */
const awaitsOf = (source: string) =>
  [...tokenizer(stripTypeScriptTypes(source), { ecmaVersion: 'latest', sourceType: 'module' })].filter(
    ({ start, end }) => source.slice(start, end) === 'await',
  ).length

test('every await of the way to an acknowledgement has its points, and each a name of its own', async () => {
  for (const file of pointedFiles) {
    const points = pointsOf(file, sourceOf(file))
    for (const moment of ['before', 'after']) {
      expect(
        points.filter((point) => point.includes(`:${moment}:`)),
        file,
      ).toHaveLength(awaitsOf(sourceOf(file)))
    }
  }
  const all = await allPoints()
  expect(new Set(all).size).toBe(all.length)
  expect(all).toContain('sequencer/hold.ts:takeNow:before:4')
  expect(all).toContain('store/log-write.ts:writeCommit:under:1')
})

test('the files with their points are the same lines, and are read by Node', () => {
  for (const file of pointedFiles) {
    const source = sourceOf(file)
    const pointed = withPoints(file, source, 'file:///at.ts')
    expect(pointed.split('\n').length).toBe(source.split('\n').length)
    expect(() => stripTypeScriptTypes(pointed)).not.toThrow()
  }
})

const sample = `
export async function sum(read: (n: number) => Promise<number>) {
  let all = 0
  const first = read(1)
  await first
  all += (await read(10) as number) + await (read(100))
  for await (const more of [read(1_000), read(2_000)]) all += more
  for await (const more of [read(5)]) { all += await read(more) }
  return await read(all)
}
`

test('a point adds no turn of the loop and changes no value', async () => {
  const runtime = `data:text/javascript,${encodeURIComponent(`
    export const come = []
    export const at = (point) => { come.push(point) }
    export const under = (point, asked) => { come.push(point); return asked }
    export const through = (_, value, point) => { if (point !== undefined) come.push(point); return value }`)}`
  const moduleOf = (text: string): Promise<{ sum(read: (n: number) => Promise<number>): Promise<number> }> =>
    import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(text))}`)
  const turnsOf = async (text: string) => {
    let turns = 0
    let done = false
    const { sum } = await moduleOf(text)
    const asked: number[] = []
    const result = sum(async (n) => {
      asked.push(n)
      return n
    }).finally(() => {
      done = true
    })
    while (!done) {
      turns += 1
      await Promise.resolve()
    }
    return { turns, asked, result: await result }
  }
  const plain = await turnsOf(sample)
  expect(plain.result).toBe(3_115)
  expect(await turnsOf(withPoints('sample.ts', sample, runtime))).toEqual(plain)
  const { come } = (await import(/* @vite-ignore */ runtime)) as { come: string[] }
  expect(new Set(come)).toEqual(new Set(pointsOf('sample.ts', sample)))
  expect(come.slice(0, 3)).toEqual(moments.map((moment) => `sample.ts:sum:${moment}:1`))
})
