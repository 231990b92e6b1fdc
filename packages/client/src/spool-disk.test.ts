/** Whatever became of the spool's files, what can be read is sent, once the server takes it, and what cannot holds nothing up. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createAgent } from './agent.ts'
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
  expect(problems).toEqual([expect.stringContaining('The spool failed')])
  expect(readdirSync(folder)).toEqual(['000000000000.spool'])
  await agent.stop()
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
