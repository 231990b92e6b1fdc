/** What of this box a fault may need, and whether it is here. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Need } from './world/world.ts'

const isRoot = process.getuid?.() === 0
const works = (command: string, ...args: readonly string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

const isHere: Readonly<Record<Need, () => boolean>> = {
  root: () => isRoot,
  strace: () => works('strace', '-o', '/dev/null', 'true'),
  'loop-mount': () => isRoot && existsSync('/dev/loop-control') && works('losetup', '--find') && works('mkfs.ext4', '-V'),
  netns: () => isRoot && works('unshare', '--net', 'sh', '-c', 'ip link add sbx type veth && tc qdisc add dev sbx root blackhole'),
  history: () =>
    spawnSync('git', ['-C', import.meta.dirname, 'rev-parse', '--is-shallow-repository'], { encoding: 'utf8' }).stdout === 'false\n',
  cgroup: () => isRoot && existsSync('/sys/fs/cgroup'),
}
const known = new Map<Need, boolean>()

/** Of these, what is not here. */
export function missingOf(needs: readonly Need[]): readonly Need[] {
  return needs.filter((need) => {
    const is = known.get(need) ?? isHere[need]()
    known.set(need, is)
    return !is
  })
}
