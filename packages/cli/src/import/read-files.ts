/** Reads the files of an import from a folder or one file. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { Failure } from '../failure.ts'
import { type Format, formats, type SourceFile } from './import.ts'

export async function readFiles(format: Format, path: string): Promise<SourceFile[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  const names = found.isFile() ? [path] : await below(path)
  const files: SourceFile[] = []
  for (const name of names.toSorted()) {
    const short = found.isFile() ? basename(name) : relative(path, name).split(sep).join('/')
    if (found.isFile() || formats[format].wants(short)) files.push({ path: short, text: await read(name) })
  }
  if (files.length === 0)
    throw new Failure('usage', `${path} holds no files of the format ${format}.`, `docs/imports/${format}.md says what it reads.`)
  return files
}

const read = (file: string) =>
  readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(file, cause)
  })

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(folder, cause)
  })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

function unreadable(path: string, cause: unknown): Failure {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new Failure('usage', `There is no file or folder ${path}.`, 'Check the path.', { cause })
  return new Failure('usage', `${path} cannot be read: ${message}.`, 'Nothing was sent. Open it to this user, or leave it out.', { cause })
}
