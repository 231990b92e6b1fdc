/** The disk of the spool is full while the server is away: what was kept is sent later, what was not is counted, and nothing else. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAgent } from '@signalbox/client/agent.ts'
import { ingestDoor } from '@signalbox/client/testing.ts'
import { expect, onTestFinished, test } from 'vitest'

const events = 2_000
const nowhere = 'http://127.0.0.1:9'

const mounted = (...args: string[]) => spawnSync('mount', args).status === 0

test('a spool whose disk is full and then is not', async ({ skip }) => {
  const spoolDir = mkdtempSync(join(tmpdir(), 'signalbox-spool-full-'))
  onTestFinished(() => rmSync(spoolDir, { recursive: true, force: true }))
  if (!mounted('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', spoolDir)) return skip('needs to mount')
  onTestFinished(() => void spawnSync('umount', ['-l', spoolDir]))
  const door = await ingestDoor()
  onTestFinished(() => door.close())
  const problems: string[] = []
  const agentOf = (url: string) =>
    createAgent({
      url,
      agent: 'w',
      transport: 'rest',
      heartbeatMs: 0,
      queueEvents: 200,
      spoolDir,
      onProblem: ({ message }) => problems.push(message),
    })

  const before = agentOf(nowhere)
  for (let n = 0; n < events; n += 1) {
    before.emit('log', { n, text: 'x'.repeat(200) })
    // The first hundred fit: on a busy machine they would go in one write with the next, of which nothing fits.
    if (n === 99) await expect.poll(() => before.stats().spooled, { timeout: 10_000 }).toBeGreaterThan(99)
    else if (n % 100 === 99) await before.flush(100)
  }
  await before.stop(500)
  const { dropped, spooled, queued } = before.stats()
  expect(spooled).toBeGreaterThan(0)
  expect(dropped).toBeGreaterThan(0)
  expect(problems).toContainEqual(expect.stringMatching(/^The spool failed: ENOSPC/))
  expect(problems).toContain(`${dropped} events were dropped: the queue or the spool was full.`)
  expect(problems).toContainEqual(expect.stringContaining(`${queued} events of w were not sent`))
  expect(mounted('-o', 'remount,size=8m', spoolDir)).toBe(true)

  const after = agentOf(door.url)
  await after.flush()
  await after.stop()
  const numbers = [...door.stored.values()].flatMap(({ data }) => (typeof data?.n === 'number' ? [data.n] : []))
  expect(new Set(numbers).size).toBe(numbers.length)
  // The agent's own start is the first of those that were spooled.
  expect(numbers.slice(0, spooled - 1)).toEqual(Array.from({ length: spooled - 1 }, (_, n) => n))
  // What a write that failed had written already is sent too, though it counts as dropped.
  expect(numbers.length + dropped + queued).toBeGreaterThanOrEqual(events)
})
