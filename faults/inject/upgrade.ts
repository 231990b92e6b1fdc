/**
 * A version of Signalbox with a former schema and today's beside it on one database, as when nodes are replaced one by one.
 *
 * On a database of its own in the world's PostgreSQL: the old version comes from the repository's history, takes events, today's is
 * killed while it migrates, then both run, then the old one ends. What was acknowledged by either must be there and count once.
 */
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from '../../test/free-port.ts'
import { databaseUrl } from '../world/database.ts'
import { type OwnedServer, oneOfMany, startServerProcess } from '../world/server-process.ts'
import type { Fault, World } from '../world/world.ts'
import { run } from './ext4.ts'
import { doctorOf, lostOf } from './laws.ts'
import { startLoad } from './load.ts'
import { pause } from './processes.ts'
import { underLoad } from './serving.ts'

const root = join(import.meta.dirname, '../..')
const migrations = 'packages/server/src/store/migrations'
const kills = 10
const mostStartMs = 1_500
const besideEvents = 400

/** The repository as it was before a migration came, with today's dependencies. */
async function versionBefore(migration: string, folder: string): Promise<string> {
  const git = (...args: string[]) => run('git', ['-C', root, ...args])
  const { stdout } = await git('log', '--diff-filter=A', '--format=%H', '--reverse', '--', `${migrations}/${migration}`)
  const [added] = stdout.split('\n')
  if (added === undefined || added === '') throw new Error(`The history here does not reach back to ${migration}.`)
  const tar = join(folder, 'old.tar')
  await git('archive', '-o', tar, `${added}^`)
  const old = join(folder, 'old')
  await mkdir(old)
  await run('tar', ['-xf', tar, '-C', old])
  await linkPackages(join(root, 'node_modules'), join(old, 'node_modules'))
  for (const name of await readdir(join(old, 'packages'))) {
    const own = join(root, 'packages', name, 'node_modules')
    await linkPackages(own, join(old, 'packages', name, 'node_modules')).catch(() => undefined)
  }
  await mkdir(join(old, 'node_modules/@signalbox'))
  for (const name of await readdir(join(old, 'packages')))
    await symlink(join(old, 'packages', name), join(old, 'node_modules/@signalbox', name))
  await cp(join(root, 'packages/dashboard/dist'), join(old, 'packages/dashboard/dist'), { recursive: true }).catch(() => undefined)
  return join(old, 'packages/cli/src/main.ts')
}

/** All but our own, which are linked to today's sources. */
async function linkPackages(from: string, to: string): Promise<void> {
  const names = await readdir(from)
  await mkdir(to)
  for (const name of names) if (name !== '@signalbox') await symlink(join(from, name), join(to, name))
}

async function struck({ server, database, random }: World, migration: string, folder: string): Promise<string> {
  const oldMain = await versionBefore(migration, folder)
  const name = `upgrade_${random.between(0, 1e9)}`
  await database.query(`create database ${name}`)
  const url = (await databaseUrl(server.dataFolder)).replace(/\/signalbox$/, `/${name}`)
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  const setup = async (kind: string) => ({
    dataFolder: join(folder, kind),
    logFile: join(folder, `${kind}.log`),
    port: await freePort(),
    env: { DATABASE_URL: url },
  })
  const began: OwnedServer[] = []
  const begin = async (kind: string, main?: string) => {
    const started = await startServerProcess({ ...(await setup(kind)), ...(main === undefined ? {} : { main }) })
    began.push(started)
    return started
  }
  try {
    await client.connect()
    const query = async <Row>(text: string) => (await client.query(text)).rows as readonly Row[]
    const old = await begin('old-node', oldMain)
    const onOld = startLoad([old.url])
    await onOld.more(besideEvents, 60_000)

    const { port, env } = await setup('killed-node')
    for (let kill = 0; kill < kills; kill += 1) {
      const today = spawn(process.execPath, [join(root, 'packages/cli/src/main.ts'), 'up'], {
        env: { ...process.env, ...env, SIGNALBOX_DATA: join(folder, 'killed-node'), SIGNALBOX_PORT: String(port), ...oneOfMany },
        stdio: 'ignore',
      })
      const exit = new Promise((resume) => today.once('exit', resume))
      await pause(random.between(0, mostStartMs))
      today.kill('SIGKILL')
      await exit
    }

    const today = await begin('new-node')
    const onBoth = startLoad([old.url, today.url])
    await onBoth.more(besideEvents, 60_000)
    const code = await old.terminate()
    await onBoth.more(besideEvents, 60_000)
    await Promise.all([onOld.stop(), onBoth.stop()])

    const lost = [...(await lostOf(onOld, query)), ...(await lostOf(onBoth, query))]
    const bad = await doctorOf(today.url, { DATABASE_URL: url, SIGNALBOX_DATA: join(folder, 'new-node') })
    if (lost.length > 0 || bad.length > 0) throw new Error(`The upgrade lost ${lost.length} events. ${bad.join('; ')}`)
    return `${onOld.acks.size} events taken by the version before ${migration}, which ended with ${code}, ${onBoth.acks.size} beside today's after ${kills} killed starts; none lost, rows as folded`
  } finally {
    for (const node of began) await node[Symbol.asyncDispose]()
    await client.end()
    await database.query(`drop database if exists ${name} with (force)`)
  }
}

export const upgradeFrom = (migration: string): Fault => ({
  name: `a node from before ${migration.replace(/\.sql$/, '')} beside one of today`,
  needs: ['history'],
  strike: (world) =>
    underLoad(world, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'signalbox-upgrade-'))
      try {
        return await struck(world, migration, folder)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    }),
})
