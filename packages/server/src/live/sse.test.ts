import { afterEach, expect, test } from 'vitest'
import { decodeCursor } from './cursor.ts'
import { createTestLog, type LiveServer, startLiveServer, type TestLog } from './testing.ts'

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

async function serve(log: TestLog): Promise<LiveServer> {
  const server = await startLiveServer(log)
  cleanups.push(() => server.stop())
  return server
}

/** The stream's text until it holds `count` of `event`. */
async function read(
  server: LiveServer,
  query: string,
  event: string,
  count: number,
): Promise<{ response: Response; blocks: Record<string, string>[] }> {
  const abort = new AbortController()
  cleanups.push(() => abort.abort())
  const response = await fetch(`${server.url}/v1/stream?${query}`, { signal: abort.signal })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (text.split(`event: ${event}\n`).length <= count || !text.endsWith('\n\n')) text += (await reader?.read())?.value ?? ''
  const blocks = text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) =>
      Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])),
    )
  return { response, blocks }
}

test('a stream is open at once, names each frame and gives each an id to go on from', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log)
  log.commit(0, [{ type: 'log', data: { text: 'two\nlines' } }])
  const { response, blocks } = await read(server, 'feed=events&from=start', 'events', 1)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.headers.get('cache-control')).toBe('no-store')
  const [hello, opened, events] = blocks
  expect(hello).toEqual({ '': 'signalbox', retry: '1000' })
  expect(decodeCursor(opened?.id ?? '')?.positions).toEqual([0])
  expect(events).toMatchObject({ event: 'events', id: server.hub.cursor() })
  expect(JSON.parse(events?.data ?? '')).toMatchObject({ kind: 'events', cursor: events?.id, items: [{ data: { text: 'two\nlines' } }] })
})

test('only the last page of a snapshot has an id that a reader can go on from', async () => {
  const log = createTestLog({ partitions: 1 })
  const server = await serve(log)
  log.commit(
    0,
    Array.from({ length: 2_500 }, (_, n) => ({ type: 'agent.started', agent: `agent-${n}` })),
  )
  const { blocks } = await read(server, 'feed=state', 'snapshot', 3)
  expect(blocks.filter(({ event }) => event === 'snapshot').map(({ id }) => decodeCursor(id ?? '')?.positions)).toEqual([[0], [0], [2_500]])
})
