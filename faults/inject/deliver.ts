/** A batch of a strike's own, sent until it is acknowledged. */
import type { Line } from '../world/line.ts'
import type { Item } from '../world/poison.ts'
import type { World } from '../world/world.ts'
import { nextCall } from './calls.ts'
import { pause } from './processes.ts'

const retryMs = 100
/** Without an answer that acknowledges: then the server is not well, and that is not the fault's doing. */
const giveUpMs = 90_000

type Acknowledgement = Extract<Awaited<ReturnType<Line['send']>>, { type: 'ok' }>

export async function deliver({ tell }: Pick<World, 'tell'>, line: Line, items: readonly Item[]): Promise<Acknowledgement> {
  for (const end = performance.now() + giveUpMs; ; await pause(retryMs)) {
    const call = nextCall()
    tell({ op: 'send', type: 'invoke', call, door: line.door, events: items.map(({ sent }) => sent) })
    const ending = await line.send(items.map(({ json }) => json))
    tell({ op: 'send', call, ...ending })
    if (ending.type === 'ok') return ending
    if (performance.now() > end) throw new Error(`A batch was not acknowledged in ${giveUpMs} ms: ${ending.error}.`)
  }
}
