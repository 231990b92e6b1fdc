/** The benchmark's events as a batch of CloudEvents. */
import { createFleet } from '../../fleet.ts'
import type { DoorRequests } from './door-request.ts'

export const cloudevents: DoorRequests = (nextId, sender) => {
  const makeEvents = createFleet(nextId, sender)
  return (count) => ({
    path: '/v1/cloudevents',
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify(
      makeEvents(count).map(({ id, source, type, time, run, agent, data }) => ({
        specversion: '1.0',
        id,
        source,
        type: `dev.signalbox.${type}`,
        time,
        run,
        agent,
        data,
      })),
    ),
    events: count,
  })
}
