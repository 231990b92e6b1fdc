import { Refused } from './problem.ts'

interface SchemaError {
  readonly instancePath: string
  readonly keyword: string
  readonly params: Record<string, unknown>
  readonly message?: string
}

/** Names the parameter that is wrong. */
export function wrongParameter(errors: readonly SchemaError[]): Refused {
  const error = errors[0]
  const name = error?.instancePath.split('/')[1] ?? ''
  const detail =
    error?.keyword === 'additionalProperties'
      ? `There is no parameter "${String(error.params.additionalProperty).slice(0, 100)}" here.`
      : `The parameter "${name}" ${error?.message ?? 'is wrong'}.`
  return new Refused({ code: 'BAD_REQUEST', detail })
}
