/** What agents write: pieces of this repository's own documents and code, since one text repeated would compress as no real one does. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chance } from './chance.ts'

const root = join(import.meta.dirname, '../../..')

function textsIn(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}

/** A piece of that many characters. */
export function createProse(chance: Chance): (chars: number) => string {
  const all = [...textsIn(join(root, 'docs'), '.md'), ...textsIn(join(root, 'packages/server/src'), '.ts')].join('\n')
  const text = all.replace(/[\u0000-\u0008\u000b-\u001f\ud800-\udfff]/g, ' ')
  return (chars) => {
    const from = chance.between(0, text.length - chars - 1)
    return text.slice(from, from + chars)
  }
}
