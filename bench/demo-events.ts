/** Events as a fleet says them: what the demonstration's agents tell, with texts that differ. */
import type { EventInput } from '@signalbox/model/event.ts'
import { scenario } from '../packages/cli/src/demo/scenario.ts'

export type Told = Pick<EventInput, 'type' | 'data' | 'run' | 'task' | 'agent'>

export function demoEvents(count: number): Told[] {
  const told: Told[] = []
  for (const step of scenario({ seed: 7, agents: 30, play: 'bench' })) {
    if (told.length === count) break
    if (step.kind !== 'tell') continue
    const { type, data, run, task, agent } = step
    told.push({ type, data: { ...data }, agent, ...(run === undefined ? {} : { run }), ...(task === undefined ? {} : { task }) })
  }
  return told
}
