/** What spans of each kind become, and what they say beside what all say. */

import { silenceMs } from '@signalbox/model/foreign.ts'
import { clip } from '@signalbox/model/text.ts'
import { toolInName } from './aliases.ts'
import { peerOf } from './identity.ts'
import { createKeeper, most, textOf } from './keeping.ts'
import type { Reading } from './reading.ts'
import type { Told } from './told.ts'
import { costMicrosOf, usageOf } from './usage.ts'

function modelData(told: Told, data: Record<string, unknown>) {
  const { reading, node } = told
  const model = textOf(reading.model)
  if (model !== undefined) data.model = clip(model, most.name)
  const provider = textOf(reading.provider)
  if (provider !== undefined) data.provider = clip(provider, most.name)
  const answered = textOf(reading.responseModel)
  if (answered !== undefined && answered !== model) data.responseModel = clip(answered, most.name)
  if (reading.finishReasons !== undefined) data.finishReasons = createKeeper().value('', reading.finishReasons)
  if (!node.isCounted) return
  data.call = node.call
  const usage = usageOf(reading)
  if (usage !== undefined) data.usage = usage
  const costMicros = costMicrosOf(reading)
  if (costMicros !== undefined) data.costMicros = costMicros
}

function toolNameOf({ span, reading }: Told): string | undefined {
  const told = textOf(reading.toolName)
  if (told !== undefined) return told
  if (span.name === 'claude_code.tool.execution') return undefined
  for (const pattern of toolInName) {
    const name = pattern.exec(span.name)?.[1]
    if (name !== undefined) return name
  }
  return span.name
}

function reportedOf(reading: Reading): Record<string, number> | undefined {
  const usage = usageOf(reading)
  const costMicros = costMicrosOf(reading)
  const reported: Record<string, number> = {}
  if (usage?.inputTokens !== undefined) reported.inputTokens = usage.inputTokens
  if (usage?.outputTokens !== undefined) reported.outputTokens = usage.outputTokens
  if (costMicros !== undefined) reported.costMicros = costMicros
  return Object.keys(reported).length === 0 ? undefined : reported
}

/** The type of the event that is the span's own, and what it says beside the rest. */
export function ownType(told: Told, data: Record<string, unknown>): string {
  const { reading, node, sender } = told
  const ended = node.failed === undefined ? 'finished' : 'failed'
  switch (reading.kind) {
    case 'llm':
    case 'embedding':
    case 'rerank':
      modelData(told, data)
      if (reading.kind !== 'llm') data.operation = reading.kind
      return node.isCounted ? `llm.${ended}` : 'custom.otlp.llm'
    case 'tool':
    case 'retrieval':
    case 'memory': {
      data.call = node.call
      const name = toolNameOf(told)
      if (name !== undefined) data.name = clip(name, most.name)
      const id = textOf(reading.toolCallId)
      if (id !== undefined && id !== node.call) data.toolCall = clip(id, most.name)
      if (reading.kind !== 'tool') data.operation = reading.kind
      return `tool.${ended}`
    }
    case 'agent': {
      const reported = reportedOf(reading)
      if (reported !== undefined) data.reported = reported
      return node.failed === undefined ? 'task.completed' : 'task.failed'
    }
    case 'agent-created':
      Object.assign(data, agentData(told))
      return 'agent.started'
    case 'workflow': {
      const reported = reportedOf(reading)
      if (reported !== undefined) data.reported = reported
      return 'custom.otlp.workflow'
    }
    case 'plan':
      return 'plan.updated'
    case 'handoff': {
      const from = peerOf(reading.handoffFrom, sender) ?? node.agent
      if (node.handoff === undefined || from === undefined) return 'custom.otlp.handoff'
      Object.assign(data, { from, to: node.handoff })
      return 'handoff'
    }
    default:
      return `custom.otlp.${reading.kind === 'other' ? 'span' : reading.kind}`
  }
}

export function agentData({ reading, identity, sender }: Told): Record<string, unknown> {
  const model = textOf(reading.model)
  const description = textOf(reading.agentDescription)
  const id = textOf(reading.agentId)
  return {
    name: clip(identity.agentName ?? sender.service, most.name),
    ...(identity.manager === undefined ? {} : { role: 'worker', manager: identity.manager }),
    ...(model === undefined ? {} : { model: clip(model, most.name) }),
    ...(sender.host === undefined ? {} : { host: clip(sender.host, most.name) }),
    ...(description === undefined ? {} : { description: clip(description, most.note) }),
    ...(id === undefined ? {} : { agentId: clip(id, most.name) }),
    intervalMs: silenceMs,
  }
}
