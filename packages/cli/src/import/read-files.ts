/** Reads the files of an import from a folder or one file. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { Failure } from '../failure.ts'
import { type Format, formats, type SourceFile } from './import.ts'

export async function readFiles(format: Format, path: string): Promise<SourceFile[]> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new Failure('usage', `There is no file or folder ${path}.`, 'Check the path.')
  const names = found.isFile() ? [path] : await below(path)
  const files: SourceFile[] = []
  for (const name of names.toSorted()) {
    const short = found.isFile() ? basename(name) : relative(path, name).split(sep).join('/')
    if (found.isFile() || formats[format].wants(short)) files.push({ path: short, text: await readFile(name, 'utf8') })
  }
  if (files.length === 0)
    throw new Failure('usage', `${path} holds no files of the format ${format}.`, `See docs/imports/${format}.md for what it reads.`)
  return files
}

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
