/**
 * Takes a loopback address off the network: its packets go into a veth whose other end is not up, as into a pulled cable. Nobody is told;
 * the kernel sends again and again, and once the cable is back it goes on where it was.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ip = (...args: readonly string[]) => run('ip', [...args])

export interface Unplugged {
  /** Packets that went nowhere. */
  lostPackets(): Promise<number>
  plugIn(): Promise<void>
}

interface LinkStatistics {
  readonly stats64: { readonly tx: { readonly dropped: number; readonly packets: number } }
}

/** Needs root. `address`: one of a proxy's own, never 127.0.0.1, which is everybody's. */
export async function unplug(address: string): Promise<Unplugged> {
  if (address === '127.0.0.1') throw new Error('127.0.0.1 is not one process’s own.')
  // At most 15 characters.
  const name = `sbx${randomBytes(5).toString('hex')}`
  await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`)
  const plugIn = async () => void (await ip('link', 'del', name))
  try {
    // Else the kernel has no way for an address of loopback but loopback.
    await writeFile(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, '1')
    await ip('link', 'set', name, 'up')
    await ip('route', 'add', `${address}/32`, 'dev', name, 'table', 'local')
  } catch (error) {
    await plugIn()
    throw error
  }
  return {
    plugIn,
    async lostPackets() {
      const { stdout } = await ip('-s', '-j', 'link', 'show', name)
      const [link] = JSON.parse(stdout) as LinkStatistics[]
      return (link?.stats64.tx.dropped ?? 0) + (link?.stats64.tx.packets ?? 0)
    },
  }
}
