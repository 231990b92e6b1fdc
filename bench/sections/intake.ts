/** What a server takes right after a start over a long history: writers do not know yet which calls are new. */
import { type Bench, count, inTables, serve } from '../harness.ts'
import { generate } from './generate.ts'

/** What is sent stays in the history. */
export async function measureIntake(bench: Bench, folder: string, events: number): Promise<void> {
  const server = await serve(folder, inTables)
  try {
    const [first, then] = [await generate(bench, 'websocket', server.url), await generate(bench, 'websocket', server.url)]
    bench.row({
      what: `durable events/s over WebSocket right after a start, ${count(events)} events`,
      figure: count(then.perSecond),
      beside: `in the ${bench.seconds} s before, the first: ${count(first.perSecond)}`,
    })
  } finally {
    await server.stop()
  }
}
