/** Files of one machine. What was written and not synced may be gone after a crash, wholly or from some byte on; so may the names of new files. */
import type { Disk } from '@signalbox/client/spool-disk.ts'
import type { Random } from '../world/world.ts'
import type { Life } from './life.ts'

interface File {
  written: Buffer
  /** Bytes that are on disk. */
  synced: number
  isNameSynced: boolean
}

export interface Machine {
  /** What a process of it uses. */
  diskOf(life: Life): Disk
  /** The power fails: only what was synced is sure to be there. */
  cutPower(): void
}

const notFound = (path: string) => Object.assign(new Error(`ENOENT: no such file or directory, ${path}`), { code: 'ENOENT' })

/** `ignoresSync`: a bug. */
export function createMachine(random: Random, ignoresSync: boolean): Machine {
  const files = new Map<string, File>()

  function diskOf(life: Life): Disk {
    const act = <T>(work: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        if (!life.acts()) return
        life.after(random.between(0, 3), () => {
          try {
            resolve(work())
          } catch (error) {
            reject(error)
          }
        })
      })
    const fileAt = (path: string): File => {
      const file = files.get(path)
      if (file === undefined) throw notFound(path)
      return file
    }
    const disk = {
      mkdir: () => act(() => undefined),
      readdir: (folder: string) =>
        act(() => [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1))),
      async appendFile(path: string, text: string, { flush = false } = {}) {
        // Written in two parts, so that a crash may come between.
        const bytes = Buffer.from(text)
        const cut = random.between(0, bytes.length)
        for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)])
          await act(() => {
            const file = files.get(path) ?? { written: Buffer.alloc(0), synced: 0, isNameSynced: false }
            files.set(path, file)
            file.written = Buffer.concat([file.written, part])
          })
        if (!flush || ignoresSync) return
        await act(() => {
          const file = fileAt(path)
          file.synced = file.written.length
        })
      },
      readFile: (path: string) => act(() => fileAt(path).written.toString()),
      stat: (path: string) => act(() => ({ size: fileAt(path).written.length })),
      rm: (path: string) => act(() => void files.delete(path)),
      truncate: (path: string, length: number) =>
        act(() => {
          const file = fileAt(path)
          file.written = file.written.subarray(0, length)
          file.synced = Math.min(file.synced, length)
        }),
      unlink: (path: string) => act(() => void (fileAt(path) && files.delete(path))),
      open: (folder: string) =>
        act(() => ({
          sync: () =>
            act(() => {
              for (const [path, file] of files) if (path.startsWith(`${folder}/`)) file.isNameSynced = true
            }),
          close: () => act(() => undefined),
        })),
    }
    return disk as unknown as Disk
  }

  return {
    diskOf,
    cutPower() {
      for (const [path, file] of files) {
        if (!file.isNameSynced && random.next() < 0.5) {
          files.delete(path)
          continue
        }
        file.written = file.written.subarray(0, random.between(file.synced, file.written.length))
        file.synced = file.written.length
        file.isNameSynced = true
      }
    },
  }
}
