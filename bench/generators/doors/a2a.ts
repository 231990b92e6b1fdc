/** Status updates of A2A tasks, as an agent streams them: each says what it does now. */
import type { DoorRequests } from './door-request.ts'

const padding = 'the agent read a file, changed two lines and ran the tests again before it answered'
/** A status with a message is two events. */
const eventsEach = 2
const updatesOfTask = 200

export const a2a: DoorRequests = (nextId, sender) => {
  let made = 0
  return (count) => {
    const updates = Array.from({ length: Math.ceil(count / eventsEach) }, () => {
      made += 1
      const task = Math.trunc(made / updatesOfTask)
      const place = { taskId: `task-${sender}-${task}`, contextId: `run-${sender}-${task % 10}` }
      const message = { messageId: nextId(), role: 'ROLE_AGENT', parts: [{ text: `${made}: ${padding}` }] }
      return { statusUpdate: { ...place, status: { state: 'TASK_STATE_WORKING', timestamp: new Date().toISOString(), message } } }
    })
    return {
      path: `/v1/a2a?agent=bench-${sender}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(updates),
      events: updates.length * eventsEach,
    }
  }
}
