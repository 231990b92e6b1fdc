/** The mappings of webhooks: a JSON file, read and checked at start. What is wrong is said with its place. */
import { readFileSync } from 'node:fs'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { CannotStart } from '../../config.ts'
import { type Compiled, compile, type Expression, ExpressionSchema, pointer, WrongExpression } from './expression.ts'

const Scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])
const Condition = Type.Object(
  {
    of: ExpressionSchema,
    is: Type.Optional(Type.Union([Scalar, Type.Array(Scalar)])),
    not: Type.Optional(Type.Union([Scalar, Type.Array(Scalar)])),
    exists: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
const Rule = Type.Object(
  {
    when: Type.Optional(Type.Array(Condition)),
    type: ExpressionSchema,
    id: Type.Optional(ExpressionSchema),
    time: Type.Optional(ExpressionSchema),
    run: Type.Optional(ExpressionSchema),
    agent: Type.Optional(ExpressionSchema),
    task: Type.Optional(ExpressionSchema),
    data: Type.Optional(Type.Record(Type.String(), ExpressionSchema)),
  },
  { additionalProperties: false },
)
const Signature = Type.Object(
  {
    header: Type.String({ minLength: 1 }),
    secretEnv: Type.String({ minLength: 1 }),
    algorithm: Type.Optional(Type.String({ pattern: '^hmac-sha(1|256|512)$' })),
    encoding: Type.Optional(Type.String({ pattern: '^(hex|base64)$' })),
    prefix: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)
const Webhook = Type.Object(
  {
    items: Type.Optional(Type.String()),
    signature: Type.Optional(Signature),
    events: Type.Array(Rule, { minItems: 1 }),
  },
  { additionalProperties: false },
)
type Webhook = Static<typeof Webhook>
const webhook = Compile(Webhook)
const nameOf = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export interface CompiledRule {
  readonly when: readonly ((scope: Parameters<Compiled>[0]) => boolean)[]
  readonly fields: Readonly<Partial<Record<'id' | 'time' | 'run' | 'agent' | 'task', Compiled>>> & { readonly type: Compiled }
  /** Absent: the item. */
  readonly data?: readonly (readonly [string, Compiled])[] | undefined
}

export interface CompiledSignature {
  readonly header: string
  readonly secret: string
  readonly hash: 'sha1' | 'sha256' | 'sha512'
  readonly encoding: 'hex' | 'base64'
  readonly prefix: string
}

export interface CompiledWebhook {
  readonly name: string
  readonly items: (body: unknown) => unknown
  readonly rules: readonly CompiledRule[]
  readonly signature?: CompiledSignature | undefined
}

export type Webhooks = ReadonlyMap<string, CompiledWebhook>
type Env = Readonly<Record<string, string | undefined>>

function conditionOf({ of, is, not, exists }: Static<typeof Condition>, where: string): CompiledRule['when'][number] {
  const value = compile(of as Expression, `${where}/of`)
  const oneOf = (list: typeof is) => {
    const all: readonly unknown[] = [list].flat()
    return (found: unknown) => all.includes(found ?? null)
  }
  const [isOne, isNone] = [oneOf(is), oneOf(not)]
  return (scope) => {
    const found = value(scope)
    if (is !== undefined && !isOne(found)) return false
    if (not !== undefined && isNone(found)) return false
    return exists === undefined || exists === (found !== undefined && found !== null)
  }
}

function ruleOf(rule: Static<typeof Rule>, where: string): CompiledRule {
  const { when = [], data, ...fields } = rule
  return {
    when: when.map((one, i) => conditionOf(one, `${where}/when/${i}`)),
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, one]) => [name, compile(one as Expression, `${where}/${name}`)]),
    ) as unknown as CompiledRule['fields'],
    data:
      data === undefined
        ? undefined
        : Object.entries(data).map(([name, one]) => [name, compile(one as Expression, `${where}/data/${name}`)] as const),
  }
}

function signatureOf(
  { header, secretEnv, algorithm, encoding, prefix }: Static<typeof Signature>,
  env: Env,
  where: string,
): CompiledSignature {
  const secret = env[secretEnv]
  if (secret === undefined || secret === '')
    throw new WrongExpression(`${where}/secretEnv: the environment has no ${secretEnv}, so that nothing could be verified.`)
  const hash = (algorithm ?? 'hmac-sha256').slice('hmac-'.length) as CompiledSignature['hash']
  return {
    header: header.toLowerCase(),
    secret,
    hash,
    encoding: (encoding ?? 'hex') as CompiledSignature['encoding'],
    prefix: prefix ?? '',
  }
}

/** The schema's first complaint that is not only of a union's other branches. */
function complaint(value: unknown, where: string): string {
  const errors = [...webhook.Errors(value)]
  const deepest = errors.reduce(
    (a, b) => (b.instancePath.length > a.instancePath.length ? b : a),
    errors[0] ?? { instancePath: '', message: 'is wrong' },
  )
  const path = `${where}${deepest.instancePath}`
  const unknown = errors.find(({ keyword }) => keyword === 'boolean' || keyword === 'additionalProperties')
  if (unknown !== undefined && unknown.instancePath.length >= deepest.instancePath.length) return `${path}: there is no such field.`
  return `${path}: ${deepest.message}.`
}

/** Of a message that quotes the file. */
const mostChars = 1_000

/** Throws `CannotStart` with what is wrong and where; `from` names the file in it. */
export function compileWebhooks(value: unknown, env: Env, from: string): Webhooks {
  const wrong = (message: string) => new CannotStart(`${from}: ${message.slice(0, mostChars)}`)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('it must be an object of webhooks by their names.')
  return new Map(
    Object.entries(value).map(([name, one]: [string, unknown]) => {
      const where = `/${name}`
      if (!nameOf.test(name)) throw wrong(`${where}: a name has letters, digits, ".", "_" and "-", at most 64.`)
      if (!webhook.Check(one)) throw wrong(complaint(one, where))
      const { items = '', signature, events } = one as Webhook
      try {
        const compiled: CompiledWebhook = {
          name,
          items: pointer(items, `${where}/items`),
          rules: events.map((rule, i) => ruleOf(rule, `${where}/events/${i}`)),
          signature: signature === undefined ? undefined : signatureOf(signature, env, `${where}/signature`),
        }
        return [name, compiled] as const
      } catch (error) {
        if (error instanceof WrongExpression) throw wrong(error.message)
        throw error
      }
    }),
  )
}

/** The webhooks of the file; none where there is no file to read. Throws `CannotStart`. */
export function readWebhooks(file: string, env: Env): Webhooks {
  if (file === '') return new Map()
  const from = `SIGNALBOX_WEBHOOKS (${file})`
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new CannotStart(`${from}: ${(error as Error).message}.`)
  }
  return compileWebhooks(value, env, from)
}
