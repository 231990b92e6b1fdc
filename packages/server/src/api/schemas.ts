/** Pieces that the routes' schemas share. */
import { Identifier } from '@signalbox/model/event.ts'
import { tables } from '@signalbox/model/rows.ts'
import Type, { type TProperties, type TSchema } from 'typebox'
import { ProblemAnswer, Refused } from '../http/problem.ts'

export const Name = Identifier
export const Uuid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })
export const Values = Type.Optional(Type.Array(Name, { maxItems: 100, description: 'Repeat it for several; any of them matches.' }))
export const Types = Type.Optional(
  Type.Array(Name, { maxItems: 100, description: 'Repeat it for several. A value ending in `.*` is a prefix.' }),
)
export const oneOf = <T extends string>(values: readonly T[]) =>
  Type.Optional(Type.Array(Type.Enum([...values]), { maxItems: 100, description: 'Repeat it for several.' }))
export const ById = Type.Object({ id: Name })
export const Truncated = Type.Optional(
  Type.Array(Type.Enum([...tables]), {
    description:
      'Tables of which a partition has more rows than SIGNALBOX_STATE_ROWS (of a run five times that): those that changed last are told.',
  }),
)
/** A mistyped filter must not mean "everything". */
export const closed = <T extends TProperties>(fields: T) => Type.Object(fields, { additionalProperties: false })
export const Page = (item: TSchema) => closed({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) })

export const answers = (schema: TSchema) => ({ 200: schema, '4xx': ProblemAnswer, '5xx': ProblemAnswer })

export const missing = (what: string, id: string) =>
  new Refused({ code: 'NOT_FOUND', detail: `There is no ${what} "${id.slice(0, 200)}".` })
