/** An A2A agent of the protocol's own SDK on a socket of its own, which is asked by JSON-RPC and notifies by push. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AgentCard, StreamResponse } from '@a2a-js/sdk'
import { createLegacyAwarePushNotificationSender } from '@a2a-js/sdk/compat/v0_3/server'
import {
  AgentEvent,
  type AgentExecutor,
  DefaultExecutionEventBusManager,
  DefaultRequestHandler,
  InMemoryPushNotificationStore,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  type PushNotificationSender,
  ServerCallContext,
} from '@a2a-js/sdk/server'

/** What the agent publishes for a task, as its JSON says it. */
export type Script = (task: string, context: string) => readonly object[]

export interface SdkAgent {
  /** Sends the message, and has the task's updates pushed to `webhook`. Resolves with the JSON-RPC response when all are pushed. */
  ask(message: object, webhook: { readonly url: string; readonly key?: string }, version: '1.0' | '0.3'): Promise<object>
  stop(): Promise<void>
}

function publish(event: StreamResponse): Parameters<Parameters<AgentExecutor['execute']>[1]['publish']>[0] {
  switch (event.payload?.$case) {
    case 'task':
      return AgentEvent.task(event.payload.value)
    case 'statusUpdate':
      return AgentEvent.statusUpdate(event.payload.value)
    case 'artifactUpdate':
      return AgentEvent.artifactUpdate(event.payload.value)
    case 'message':
      return AgentEvent.message(event.payload.value)
    default:
      throw new Error('The script has an event of no kind.')
  }
}

export async function startSdkAgent(script: Script): Promise<SdkAgent> {
  const store = new InMemoryPushNotificationStore()
  const pushes: Promise<void>[] = []
  const real = createLegacyAwarePushNotificationSender(store)
  const sender: PushNotificationSender = {
    send(...args) {
      const sent = real.send(...args)
      pushes.push(sent)
      return sent
    },
  }
  const executor: AgentExecutor = {
    async execute({ taskId, contextId }, bus) {
      for (const event of script(taskId, contextId)) bus.publish(publish(StreamResponse.fromJSON(event)))
      bus.finished()
    },
    cancelTask: async () => undefined,
  }
  const card = AgentCard.fromJSON({
    name: 'researcher',
    description: 'Looks things up.',
    version: '1',
    capabilities: { streaming: false, pushNotifications: true },
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [],
    supportedInterfaces: ['1.0', '0.3'].map((protocolVersion) => ({
      url: 'http://localhost',
      protocolBinding: 'JSONRPC',
      protocolVersion,
    })),
  })
  const handler = new DefaultRequestHandler(card, new InMemoryTaskStore(), executor, new DefaultExecutionEventBusManager(), store, sender)
  const rpc = new JsonRpcTransportHandler(handler)
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const context = new ServerCallContext({ requestedVersion: String(request.headers['a2a-version'] ?? '1.0') })
    const answer = await rpc.handle(JSON.parse(body) as Record<string, unknown>, context)
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    async ask(message, { url, key }, version) {
      const authentication = key === undefined ? undefined : { scheme: 'Bearer', credentials: key }
      const configuration = { taskPushNotificationConfig: { url, authentication }, returnImmediately: false }
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'a2a-version': version },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message, configuration } }),
      })
      const answer = (await response.json()) as object
      await Promise.all(pushes)
      return answer
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
