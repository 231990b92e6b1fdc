/**
 * PostgreSQL refuses to run as root. As root it runs in a user namespace in which we are not: outside, the files stay root's, so a
 * data folder below /root or of mode 700 works and no user has to be made. Where namespaces are forbidden (most containers) it runs
 * as the user nobody, who must then be able to reach the folder and the binaries.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { chmodSync, lchownSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface RunAs {
  readonly kind: 'self' | 'namespace' | 'nobody'
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess
  /** Makes a file or a folder with all in it the runner's own. */
  own(path: string): void
  /** Throws with what to do when the runner cannot reach these files. `data` is ours and opened for passing through. */
  reach(data: string, binaries: readonly string[]): void
}

const nobody = 65_534
const unshare = 'unshare'
const mapped = ['--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--']

function ownAll(path: string, uid: number): void {
  const found = statSync(path)
  if (found.uid === uid) return
  if (found.isDirectory()) for (const name of readdirSync(path)) ownAll(join(path, name), uid)
  // The folder last: a run cut short is taken up again by the next.
  lchownSync(path, uid, uid === 0 ? 0 : nobody)
}

const self: RunAs = { kind: 'self', spawn: (command, args, options) => spawn(command, args, options), own() {}, reach() {} }

const inNamespace: RunAs = {
  kind: 'namespace',
  spawn: (command, args, options) => spawn(unshare, [...mapped, command, ...args], options),
  own: (path) => ownAll(path, 0),
  reach() {},
}

export const asNobody: RunAs = {
  kind: 'nobody',
  spawn: (command, args, options) => spawn(command, args, { ...options, uid: nobody, gid: nobody, cwd: '/' }),
  own: (path) => ownAll(path, nobody),
  reach(data, binaries) {
    chmodSync(data, 0o711)
    const can = (flag: string, path: string) => spawnSync('test', [flag, path], { uid: nobody, gid: nobody, cwd: '/' }).status === 0
    const blocked = [...binaries.filter((path) => !can('-x', path)).map(dirname), ...(can('-x', data) ? [] : [data])][0]
    if (blocked !== undefined) {
      throw new Error(
        `PostgreSQL cannot run as root, and the user "nobody" cannot reach ${blocked}: a folder above it is closed to others. ` +
          'Start as an ordinary user, open that folder (chmod o+x), put SIGNALBOX_DATA elsewhere, or set DATABASE_URL.',
      )
    }
  },
}

export function runAs(): RunAs {
  if (process.getuid?.() !== 0) return self
  return spawnSync(unshare, [...mapped, 'true']).status === 0 ? inNamespace : asNobody
}
