/**
 * The little language in which a webhook's mapping says where a value is.
 *
 *   "github"                        itself
 *   "{/workflow_run/id}"            what a JSON Pointer (RFC 6901) finds in the item, as it is; nothing when there is nothing
 *   "run {/run_number} of {/name}"  a text with values in it; nothing when one of them is not there
 *   "{item}", "{body/receiver}", "{header.x-github-event}"   the item itself; in the whole body; a header
 *   ["{/a}", "{/b}", "none"]        the first of them that is there
 *   { "of": "{/state}", "table": { "open": "working" }, "else": "idle" }   looked up; `else` may be left out
 *
 * A brace is written twice to stand for itself.
 */
import Type from 'typebox'

export interface Scope {
  readonly item: unknown
  readonly body: unknown
  readonly headers: Readonly<Record<string, unknown>>
}

export type Expression = string | readonly Expression[] | Lookup
export interface Lookup {
  readonly of: Expression
  readonly table: Readonly<Record<string, Expression>>
  readonly else?: Expression | undefined
}
export type Compiled = (scope: Scope) => unknown

export const ExpressionSchema = Type.Cyclic(
  {
    Expression: Type.Union([
      Type.String(),
      Type.Array(Type.Ref('Expression'), { minItems: 1 }),
      Type.Object(
        {
          of: Type.Ref('Expression'),
          table: Type.Record(Type.String(), Type.Ref('Expression')),
          else: Type.Optional(Type.Ref('Expression')),
        },
        { additionalProperties: false },
      ),
    ]),
  },
  'Expression',
)

/** Says what is wrong and where in the mapping. */
export class WrongExpression extends Error {}

export function pointer(text: string, where: string): (value: unknown) => unknown {
  if (text !== '' && !text.startsWith('/')) throw new WrongExpression(`${where}: "${text}" is no JSON Pointer; one begins with "/".`)
  if (/~(?![01])/.test(text)) throw new WrongExpression(`${where}: "${text}" is no JSON Pointer; "~" is written "~0", "/" in a name "~1".`)
  const names = text
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (value) => {
    let at = value
    for (const name of names) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
      at = (at as Readonly<Record<string, unknown>>)[name]
    }
    return at
  }
}

function placeholder(text: string, where: string): Compiled {
  if (text === 'item') return ({ item }) => item
  if (text === 'body') return ({ body }) => body
  if (text.startsWith('/')) {
    const find = pointer(text, where)
    return ({ item }) => find(item)
  }
  if (text.startsWith('body/')) {
    const find = pointer(text.slice('body'.length), where)
    return ({ body }) => find(body)
  }
  const header = /^header\.([A-Za-z0-9-]+)$/.exec(text)?.[1]?.toLowerCase()
  if (header !== undefined) return ({ headers }) => (Object.hasOwn(headers, header) ? headers[header] : undefined)
  throw new WrongExpression(`${where}: "{${text}}" must be a JSON Pointer, item, body, body/… or header.<name>.`)
}

const isThere = (value: unknown) => value !== undefined && value !== null && value !== ''
/** Of texts, numbers, true and false; a list or an object is no text. */
export const asText = (value: unknown): string | undefined => (isThere(value) && typeof value !== 'object' ? String(value) : undefined)

function template(text: string, where: string): Compiled {
  const parts: (string | Compiled)[] = []
  let plain = ''
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if ((char === '{' || char === '}') && text[at + 1] === char) {
      plain += char
      at += 1
    } else if (char === '{') {
      const end = text.indexOf('}', at)
      if (end < 0) throw new WrongExpression(`${where}: a "{" is not closed; write it twice to stand for itself.`)
      if (plain !== '') parts.push(plain)
      plain = ''
      parts.push(placeholder(text.slice(at + 1, end), where))
      at = end
    } else if (char === '}') throw new WrongExpression(`${where}: a "}" closes nothing; write it twice to stand for itself.`)
    else plain += char
  }
  if (plain !== '') parts.push(plain)
  const [only] = parts
  if (parts.length <= 1) return typeof only === 'function' ? only : () => only ?? ''
  return (scope) => {
    const texts = parts.map((part) => (typeof part === 'string' ? part : asText(part(scope))))
    return texts.includes(undefined) ? undefined : texts.join('')
  }
}

/** Throws `WrongExpression`. What it answers is undefined where there is nothing. */
export function compile(expression: Expression, where: string): Compiled {
  if (typeof expression === 'string') return template(expression, where)
  if (Array.isArray(expression)) {
    const all = (expression as readonly Expression[]).map((one, i) => compile(one, `${where}/${i}`))
    return (scope) => {
      for (const one of all) {
        const value = one(scope)
        if (isThere(value)) return value
      }
      return undefined
    }
  }
  const { of, table, else: otherwise } = expression as Lookup
  const key = compile(of, `${where}/of`)
  const found = new Map(Object.entries(table).map(([name, one]) => [name, compile(one, `${where}/table/${name}`)]))
  const fallback = otherwise === undefined ? () => undefined : compile(otherwise, `${where}/else`)
  return (scope) => (found.get(asText(key(scope)) ?? '') ?? fallback)(scope)
}
