import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { type Awaited, untilAnswers } from './answers.ts'
import { stopDatabases, withDatabase } from './testing.ts'

afterAll(stopDatabases)

/** A port that treats its first connections as `at` says, and brings later ones to the database. */
async function port(url: string, at: readonly ((socket: Socket) => unknown)[]): Promise<string> {
  const { hostname, port: real } = new URL(url)
  let came = 0
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    const treat = at[came++]
    if (treat !== undefined) return void treat(socket)
    const through = connect(Number(real), hostname)
    through.on('error', () => undefined)
    socket.pipe(through).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const there = new URL(url)
  there.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return there.href
}

const reset = (socket: Socket) => socket.resetAndDestroy()
const resetLater = (socket: Socket) => socket.once('data', () => socket.resetAndDestroy())
const end = (socket: Socket) => socket.once('data', () => socket.end())

test('a connection that is reset or ended is tried again until the database takes one', async () => {
  const told: Awaited[] = []
  const url = await port(await withDatabase(), [resetLater, end, reset, end])
  await untilAnswers(url, 20_000, (awaited) => told.push(awaited))
  expect(told).toMatchObject([{ code: 'ECONNRESET', timeoutMs: 20_000 }])
})

test('at the deadline it is said what was met last', async () => {
  const url = await port(await withDatabase(), Array(10_000).fill(end))
  await expect(untilAnswers(url, 200)).rejects.toThrow('PostgreSQL does not answer: Connection terminated unexpectedly.')
})
