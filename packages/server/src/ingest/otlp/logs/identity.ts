/** Whose a record is that no tool's own vocabulary names: as spans have it (../spans/identity.ts), so that both are of one agent. */
import { identifier } from '@signalbox/model/text.ts'
import type { Attributes } from '../otlp.ts'
import { type Told, textIn } from './record.ts'

export const serviceOf = (resource: Attributes): string => identifier(resource['service.name']) ?? 'unknown_service'

export const sourceOf = (resource: Attributes): string => cut(`otlp/${serviceOf(resource)}`)

const cut = (name: string) => identifier(name) ?? name

/** The agent that the attributes name. */
export function agentNamed(attributes: Attributes, resource: Attributes): string | undefined {
  const name = textIn(attributes, 'gen_ai.agent.name') ?? textIn(attributes, 'gen_ai.agent.id')
  const service = serviceOf(resource)
  return name === undefined ? undefined : cut(service.startsWith('unknown_service') ? name : `${service}/${name}`)
}

export const agentIn = ({ record, resource }: Told): string | undefined => agentNamed(record.attributes, resource)
/** Where none is named the service is one itself. */
export const callerIn = (told: Told): string => agentIn(told) ?? serviceOf(told.resource)

/** The trace is the run. */
export const runIn = ({ record }: Told): string | undefined => record.traceId
