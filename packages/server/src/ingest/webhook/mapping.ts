/** A webhook's body as events, by the rules of its mapping. Pure but for the time of an item that tells none (`seen`). */
import { createHash } from 'node:crypto'
import type { EpochMs } from '@signalbox/model/event.ts'
import { identifier, instantOf, isObject } from '@signalbox/model/text.ts'
import type { Mapped } from '../door.ts'
import { eventOf } from '../event-of.ts'
import { isDeeper } from '../receive.ts'
import type { CompiledRule, CompiledWebhook } from './config.ts'
import { asText, type Scope } from './expression.ts'

export interface WebhookOptions {
  readonly headers: Readonly<Record<string, unknown>>
  /** When the item of this key came first. */
  readonly seen: (key: string) => EpochMs
}

export interface MappedWebhook {
  readonly mapped: readonly Mapped[]
  /** Items that no rule made an event of. */
  readonly skipped: number
  /** Whether an item got the time of its arrival. */
  readonly isUntimed: boolean
}

/** Text of RFC 3339, or a number: seconds since 1970, or milliseconds where they would be past the year 5000. */
const mostSeconds = 1e11
function timeOf(value: unknown): EpochMs | undefined {
  const number = typeof value === 'number' ? value : typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : undefined
  if (number === undefined) return instantOf(value)
  return instantOf(new Date(Math.trunc(number < mostSeconds ? number * 1_000 : number)).toJSON())
}

/** Deeper than any event may be, and less than what recursion takes. */
const mostLevels = 1_000

function dataOf(rule: CompiledRule, scope: Scope): Readonly<Record<string, unknown>> {
  if (rule.data === undefined) return isObject(scope.item) ? scope.item : { value: scope.item }
  return Object.fromEntries(
    rule.data.flatMap(([name, of]) => {
      const value = of(scope)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** A body whose list is none is one item. */
export function itemsOf(webhook: CompiledWebhook, body: unknown): readonly unknown[] {
  const found = webhook.items(body)
  if (found === undefined) return []
  return Array.isArray(found) ? found : [found]
}

export function mapWebhook(
  { name, rules }: CompiledWebhook,
  body: unknown,
  items: readonly unknown[],
  { headers, seen }: WebhookOptions,
): MappedWebhook {
  const source = `webhook/${name}`
  let skipped = 0
  let isUntimed = false
  const mapped = items.flatMap((value, item): readonly Mapped[] => {
    if (isDeeper(value, mostLevels))
      return [{ item, refused: { code: 'TOO_DEEP', message: `Item ${item} is nested deeper than ${mostLevels} levels.` }, value }]
    const scope: Scope = { item: value, body, headers }
    const events = rules.flatMap((rule): readonly Mapped[] => {
      if (!rule.when.every((holds) => holds(scope))) return []
      const { fields } = rule
      const type = asText(fields.type(scope))
      if (type === undefined) return []
      const foreign = asText(fields.id?.(scope)) ?? createHash('sha256').update(JSON.stringify(value)).digest('base64url')
      const told = fields.time === undefined ? undefined : timeOf(fields.time(scope))
      isUntimed ||= told === undefined
      const text = (field: 'run' | 'agent' | 'task') => identifier(asText(fields[field]?.(scope)))
      return [
        {
          item,
          event: eventOf(source, {
            foreign,
            type,
            time: told ?? seen(JSON.stringify([source, type, foreign])),
            run: text('run'),
            agent: text('agent'),
            task: text('task'),
            data: dataOf(rule, scope),
          }),
        },
      ]
    })
    if (events.length === 0) skipped += 1
    return events
  })
  return { mapped, skipped, isUntimed }
}
