/** Whatever became of the spool's files, what can be read is sent, once the server takes it, and what cannot holds nothing up. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createAgent } from './agent.ts'
import { openSpool } from './spool-disk.ts'
import { type Door, ingestDoor } from './testing.ts'

const nowhere = 'http://127.0.0.1:9'

function spoolFolder() {
  const spoolDir = mkdtempSync(join(tmpdir(), 'signalbox-spool-'))
  onTestFinished(() => rmSync(spoolDir, { recursive: true, force: true }))
  return spoolDir
}
async function door(): Promise<Door> {
  const made = await ingestDoor()
  onTestFinished(() => made.close())
  return made
}
function agentOf(url: string, spoolDir: string) {
  const problems: string[] = []
  const agent = createAgent({
    url,
    agent: 'w',
    transport: 'rest',
    heartbeatMs: 0,
    spoolDir,
    onProblem: ({ message }) => problems.push(message),
  })
  return { agent, problems, folder: () => join(spoolDir, readdirSync(spoolDir)[0] ?? '') }
}
/** Leaves `count` events on disk, told by `n`, and the agent's own start and stop. */
async function spooled(spoolDir: string, count: number) {
  const { agent, folder } = agentOf(nowhere, spoolDir)
  for (let n = 0; n < count; n += 1) agent.emit('log', { n })
  await agent.stop()
  return folder()
}
const numbers = ({ stored }: Door) => [...stored.values()].flatMap(({ data }) => (typeof data?.n === 'number' ? [data.n] : []))
const theSegment = (folder: string) => join(folder, readdirSync(folder)[0] ?? '')

const event = (n: number) => ({ source: 's', type: 'log', time: '2026-11-20T00:00:00.000Z', data: { n, text: 'x'.repeat(200) } })
/** Of a hundred events appended one by one to a spool of 4,000 bytes. */
async function keptOfHundred(folder: string) {
  const troubles: string[] = []
  const spool = await openSpool(folder, 4_000, (path) => troubles.push(path))
  for (let n = 0; n < 100; n += 1) await spool.append([event(n)])
  const kept: unknown[] = []
  for (let segment = await spool.oldest(); segment !== undefined; segment = await spool.oldest()) {
    kept.push(...segment.events.map(({ data }) => data?.n))
    await segment.remove()
  }
  return { kept, dropped: spool.takeDropped(), troubles }
}

test('what was dropped while the server was away is told at the end, and to the server by whoever sends the spool', async () => {
  const spoolDir = spoolFolder()
  const problems: string[] = []
  const agent = createAgent({
    url: nowhere,
    agent: 'w',
    transport: 'rest',
    heartbeatMs: 0,
    queueEvents: 200,
    spoolDir,
    onProblem: ({ message }) => problems.push(message),
  })
  for (let n = 0; n < 2_000; n += 1) agent.emit('log', { n })
  await agent.stop()
  const { dropped } = agent.stats()
  expect(dropped).toBe(1_802)
  expect(problems).toContain(`${dropped} events were dropped: the queue or the spool was full.`)

  const taking = await door()
  const next = agentOf(taking.url, spoolDir)
  await next.agent.flush()
  await next.agent.stop()
  expect([...taking.stored.values()].filter(({ data }) => data?.dropped === dropped)).toHaveLength(1)
})

test('records that are cut, changed, zeroed or no text are counted as dropped; the others are sent', async () => {
  const spoolDir = spoolFolder()
  const file = theSegment(await spooled(spoolDir, 5))
  const lines = readFileSync(file, 'utf8').split('\n')
  // Of the agent's start, five events and its stop.
  lines[2] = lines[2]?.replace('"n":1', '"n":7') ?? ''
  lines[3] = '\u0000'.repeat(200)
  lines[4] = lines[4]?.slice(0, 40) ?? ''
  writeFileSync(file, lines.join('\n'))
  appendFileSync(file, Buffer.from([0xff, 0xfe, 0x0a, 0x80]))
  const server = await door()
  const { agent, problems } = agentOf(server.url, spoolDir)
  await agent.flush()
  expect(numbers(server)).toEqual([0, 4])
  expect(agent.stats()).toMatchObject({ dropped: 5, queued: 0 })
  expect(problems).toEqual([expect.stringContaining('5 events were dropped')])
  await agent.stop()
})

test('a segment that cannot be read is told once and left; those after it and what is in memory are sent', async () => {
  const spoolDir = spoolFolder()
  const folder = await spooled(spoolDir, 2)
  // It sorts first, and reading it fails for every user.
  mkdirSync(join(folder, '000000000000.spool'))
  const server = await door()
  const { agent, problems } = agentOf(server.url, spoolDir)
  agent.emit('log', { n: 10 })
  await agent.flush()
  agent.emit('log', { n: 11 })
  await agent.flush()
  expect(numbers(server).toSorted((a, b) => a - b)).toEqual([0, 1, 10, 11])
  expect(problems).toEqual([expect.stringContaining('000000000000.spool as it is')])
  expect(readdirSync(folder)).toEqual(['000000000000.spool'])
  await agent.stop()
})

test('however many segments cannot be read, one flush sends all that can', async () => {
  const spoolDir = spoolFolder()
  const folder = await spooled(spoolDir, 2)
  const bad = ['000000000000', '000000000002', '000000000003'].map((name) => join(folder, `${name}.spool`))
  for (const path of bad) mkdirSync(path)
  const later = await openSpool(folder, 1_000_000, (path) => expect.fail(path))
  await later.append([event(10)])
  const server = await door()
  const { agent, problems } = agentOf(server.url, spoolDir)
  await agent.flush()
  expect(numbers(server)).toEqual([0, 1, 10])
  expect(problems).toEqual(bad.map((path) => expect.stringContaining(path)))
  await agent.stop()
})

test('what cannot be read takes no room from what can, and is told once', async () => {
  const sound = await keptOfHundred(spoolFolder())
  const folder = spoolFolder()
  const bad = join(folder, '000000000000.spool')
  mkdirSync(bad)
  for (let n = 0; n < 200; n += 1) writeFileSync(join(bad, `a-name-that-takes-its-part-of-the-folder-${n}`), '')
  expect(statSync(bad).size).toBeGreaterThanOrEqual(4_000)
  expect(await keptOfHundred(folder)).toEqual({ ...sound, troubles: [bad] })
})

test('a segment whose size cannot be asked does not have events written twice', async () => {
  const folder = spoolFolder()
  const bad = join(folder, '000000000000.spool')
  symlinkSync(join(folder, 'nowhere'), bad)
  const troubles: string[] = []
  const spool = await openSpool(folder, 4_000, (path) => troubles.push(path))
  await spool.append([event(0)])
  await spool.append([event(1)])
  expect((await spool.oldest())?.events).toEqual([event(0), event(1)])
  expect(troubles).toEqual([bad])
})

test('a folder that was taken away is made again, and events go on meanwhile', async () => {
  const spoolDir = spoolFolder()
  const server = await door()
  const { agent, folder } = agentOf(server.url, spoolDir)
  await agent.flush()
  rmSync(folder(), { recursive: true })
  agent.emit('log', { n: 1 })
  await agent.flush()
  expect(numbers(server)).toEqual([1])
  await agent.stop()
})

test('kill -9: what was spooled is there for the next process', async () => {
  const spoolDir = spoolFolder()
  const program = `
    import { createAgent } from '${join(import.meta.dirname, 'agent.ts')}'
    const agent = createAgent({ url: '${nowhere}', agent: 'w', transport: 'rest', spoolDir: '${spoolDir}' })
    for (let n = 0; n < 1_200; n += 1) agent.emit('log', { n })
    await agent.flush()
    console.log('spooled ' + agent.stats().spooled)
    setInterval(() => agent.emit('log', {}), 1)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(String(said)).toBe('spooled 1201\n')
  const server = await door()
  const { agent } = agentOf(server.url, spoolDir)
  await agent.flush()
  expect(numbers(server)).toEqual(Array.from({ length: 1_200 }, (_, n) => n))
  await agent.stop()
})

test('of a write that the disk took in part nothing is kept: its events stay with who has them, and count nowhere twice', async () => {
  const folder = spoolFolder()
  const program = `
    import { openSpool } from '${join(import.meta.dirname, 'spool-disk.ts')}'
    const event = (n) => ({ source: 's', type: 'log', time: '2026-11-20T00:00:00.000Z', data: { n, text: 'x'.repeat(2_000) } })
    const spool = await openSpool('${folder}', 1_000_000, (path, error) => console.error(path, error))
    await spool.append([event(0)])
    const failures = []
    // Once behind what was written, once in a file of its own.
    await spool.append([event(1), event(2), event(3), event(4)]).catch(({ code }) => failures.push(code))
    await spool.append([event(5), event(6), event(7), event(8)]).catch(({ code }) => failures.push(code))
    await spool.append([event(9)])
    const kept = []
    for (let segment = await spool.oldest(); segment !== undefined; segment = await spool.oldest()) {
      kept.push(...segment.events.map(({ data }) => data.n))
      await segment.remove()
    }
    console.log(JSON.stringify({ failures, kept, dropped: spool.takeDropped() }))`
  // 16 blocks of 512 bytes: the write that passes them is cut there, as by a full disk.
  const limited = ['-c', 'ulimit -f 16; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', program]
  const child = spawn('sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await once(child.stdout, 'data')
  expect(JSON.parse(String(said))).toEqual({ failures: ['EFBIG', 'EFBIG'], kept: [0, 9], dropped: 0 })
})

test('what the server answered for is not dropped with its segment', async () => {
  const spool = await openSpool(spoolFolder(), 4_000, (path) => expect.fail(path))
  await spool.append([event(0), event(1), event(2)])
  ;(await spool.oldest())?.answered(2)
  let n = 3
  for (; (await spool.oldest())?.events[0]?.data?.n === 0; n += 1) await spool.append([event(n)])
  expect(spool.takeDropped()).toBe(1)
})
