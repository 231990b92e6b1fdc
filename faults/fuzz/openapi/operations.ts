/** What an OpenAPI document lets be asked. */
export interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly maxItems?: number
  readonly pattern?: string
}

export interface Parameter {
  readonly name: string
  readonly in: 'query' | 'path' | 'header'
  readonly required?: boolean
  readonly schema: Schema
}

export interface Operation {
  readonly method: string
  readonly path: string
  readonly parameters: readonly Parameter[]
  /** Content types of its body; none where it takes none. */
  readonly bodyTypes: readonly string[]
  /** Of who asks; false where the document says that none is needed. */
  readonly needsKey: boolean
  /** It answers an upgrade, and nobody else. */
  readonly isSocket: boolean
}

interface Described {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content?: Readonly<Record<string, unknown>> }
  readonly security?: readonly unknown[]
  readonly responses?: Readonly<Record<string, unknown>>
}

export function operationsOf(document: { readonly paths: object }): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Described>).map(([method, { parameters = [], requestBody, security, responses }]) => ({
      method: method.toUpperCase(),
      path,
      parameters,
      bodyTypes: Object.keys(requestBody?.content ?? {}),
      needsKey: security?.length !== 0,
      isSocket: Object.hasOwn(responses ?? {}, '101'),
    })),
  )
}
