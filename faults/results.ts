/** `faults/RESULTS.md`: each kind of run writes its own part, and leaves the others and what people wrote. */
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'

const file = join(import.meta.dirname, 'RESULTS.md')
const head = '# Results\n\nThe parts are written by `npm run faults -- --write`, each by its own run.\n'

export const machineOf = (seed: number): string =>
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB; ${process.platform}; Node ${process.version}; ${new Date().toISOString().slice(0, 10)}; seed ${seed}.`

export async function writeResults(title: string, text: string): Promise<void> {
  const [first = head, ...parts] = (await readFile(file, 'utf8').catch(() => head)).split(/^(?=## )/m)
  const part = `## ${title}\n\n${text.trim()}\n`
  const at = parts.findIndex((old) => old.startsWith(`## ${title}\n`))
  const all = at === -1 ? [...parts, part] : parts.with(at, part)
  await writeFile(file, `${[first, ...all].map((one) => one.trim()).join('\n\n')}\n`)
}
