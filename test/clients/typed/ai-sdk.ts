/** As users write it: compiled against the types of the real package, never run. */
import { createAgent } from '@signalbox/client/agent.ts'
import { signalboxTelemetry } from '@signalbox/client/ai-sdk.ts'
import { generateText, registerTelemetry, type Telemetry } from 'ai'

const agent = createAgent({ url: 'http://127.0.0.1:4400', agent: 'support-desk', role: 'manager' })
const telemetry: Telemetry = signalboxTelemetry(agent, { run: 'nightly', task: 'answers' })
registerTelemetry(telemetry)
await generateText({ model: 'some/model', prompt: 'Go.', telemetry: { functionId: 'answer', integrations: signalboxTelemetry(agent) } })
