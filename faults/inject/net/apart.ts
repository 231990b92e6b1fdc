/**
 * A network namespace that a server runs in, as on a machine of its own, with a cable each to its clients and to its PostgreSQL, who are
 * in ours. A cable is a veth pair: both kernels meet real silence, and real ends of it.
 *
 * Its addresses are of 127.0.0.0/8 all the same, routed over the cable: the server takes them for loopback and asks nobody for a key, so
 * that everybody who sends and reads does it as in every other world.
 *
 * The namespace lives as long as its processes do, and the first of them no longer than ours. The cables go when we end; if we are
 * killed, with the namespace.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Cable, Lost } from '../../world/world.ts'

const run = promisify(execFile)

/** Without its way to all of loopback: what no cable leads to has no way. It ends when its input does. */
const holder = `set -e
ip link set lo up
ip route del local 127.0.0.0/8 dev lo table local
echo 1 > /proc/sys/net/ipv4/conf/default/route_localnet
echo ready
exec cat`

/** A batch of some events takes a tenth of a second, and nobody waits in line for more than one. */
const slow = ['tbf', 'rate', '1mbit', 'burst', '3000', 'limit', '100000'] as const
/** What is sent is taken for sent, and dropped. */
const blackhole = ['blackhole'] as const

export interface Apart extends AsyncDisposable {
  /** Goes before a command that is to run in there. */
  readonly enter: readonly string[]
  readonly cables: { readonly clients: Cable; readonly database: Cable }
}

/** Needs root, `ip`, `tc` and `nsenter`. */
export async function createApart(): Promise<Apart> {
  // In a session of its own: a terminal's Ctrl-C is not for it.
  const held = spawn('unshare', ['--net', 'sh', '-c', holder], { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  const exit = once(held, 'exit')
  let said = ''
  held.stderr.on('data', (chunk) => {
    said += chunk
  })
  const isReady = await Promise.race([once(held.stdout, 'data').then(() => true), exit.then(() => false)])
  if (!isReady) throw new Error(`There is no network namespace to be had: ${said.trim()}`)
  const enter = ['nsenter', '--target', String(held.pid), '--net', '--']
  const end = async () => {
    held.stdin.end()
    await exit
  }
  const net = `127.${randomInt(1, 255)}.${randomInt(256)}`
  try {
    const clients = await lay(`${net}.1`, `${net}.2`, held.pid ?? 0, enter)
    const database = await lay(`${net}.5`, `${net}.6`, held.pid ?? 0, enter)
    return {
      enter,
      cables: { clients, database },
      async [Symbol.asyncDispose]() {
        clients.remove()
        database.remove()
        await end()
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}

interface OwnedCable extends Cable {
  remove(): void
}

/** One end: `run` runs a command in its namespace. */
interface End {
  readonly device: string
  readonly run: (...command: readonly string[]) => Promise<string>
}

const inside =
  (enter: readonly string[]): End['run'] =>
  async (...command) => {
    const [file = '', ...args] = [...enter, ...command]
    return (await run(file, args)).stdout
  }

/** `ours` and `theirs`: addresses of the ends, theirs in the namespace of the process `pid`. */
async function lay(ours: string, theirs: string, pid: number, enter: readonly string[]): Promise<OwnedCable> {
  // At most 15 characters.
  const device = `sbx${randomBytes(5).toString('hex')}`
  const near: End = { device, run: inside([]) }
  const far: End = { device: `${device}f`, run: inside(enter) }
  await near.run('ip', 'link', 'add', near.device, 'type', 'veth', 'peer', 'name', far.device, 'netns', String(pid))
  const remove = () => {
    process.off('exit', remove)
    spawnSync('ip', ['link', 'del', near.device])
  }
  process.once('exit', remove)
  try {
    // Else the kernel has no way for an address of loopback but loopback.
    await writeFile(`/proc/sys/net/ipv4/conf/${near.device}/route_localnet`, '1')
    await near.run('ip', 'address', 'add', ours, 'peer', theirs, 'dev', near.device)
    await far.run('ip', 'address', 'add', theirs, 'peer', ours, 'dev', far.device)
    await near.run('ip', 'link', 'set', near.device, 'up')
    await far.run('ip', 'link', 'set', far.device, 'up')
    await near.run('ip', 'route', 'add', `${theirs}/32`, 'dev', near.device, 'src', ours, 'table', 'local')
  } catch (error) {
    remove()
    throw error
  }
  const lost = async () => (await droppedAt(near)) + (await droppedAt(far)) + (await astrayAt(far))
  let before = 0
  return {
    ours,
    theirs,
    remove,
    slow: () => queueAt(far, slow),
    async cut(which: Lost) {
      if (which !== 'both') await queueAt(which === 'from server' ? far : near, blackhole)
      before = await lost()
      if (which === 'both') await far.run('ip', 'link', 'set', far.device, 'down')
    },
    lostPackets: async () => (await lost()) - before,
    async heal() {
      for (const end of [near, far]) await end.run('tc', 'qdisc', 'del', 'dev', end.device, 'root').catch(() => undefined)
      await far.run('ip', 'link', 'set', far.device, 'up')
    },
  }
}

/** Its packets go through this from now on. */
async function queueAt({ device, run }: End, kind: readonly string[]): Promise<void> {
  await run('tc', 'qdisc', 'replace', 'dev', device, 'root', ...kind)
}

/** Packets that the device dropped, or its queue. */
async function droppedAt({ device, run }: End): Promise<number> {
  const [link] = JSON.parse(await run('ip', '-s', '-j', 'link', 'show', device)) as [{ stats64: { tx: { dropped: number } } }]
  const [queue] = JSON.parse(await run('tc', '-s', '-j', 'qdisc', 'show', 'dev', device)) as [{ drops?: number }?]
  return link.stats64.tx.dropped + (queue?.drops ?? 0)
}

/** Packets that found no way to any device. */
async function astrayAt({ run }: End): Promise<number> {
  const [names = '', values = ''] = (await run('cat', '/proc/net/snmp')).split('\n').filter((line) => line.startsWith('Ip:'))
  return Number(values.split(' ')[names.split(' ').indexOf('OutNoRoutes')])
}
