/**
 * Asks everything that /openapi.json describes, as described and not, as every kind of caller, and judges each answer.
 * In: a server with the fleets of two tenants that use the same names and ids, each with a secret of its own in its events.
 */
import type { Dice } from '@signalbox/cli/demo/dice.ts'
import type { Document } from '@signalbox/server/api/testing.ts'
import { type Asked, ask } from './ask.ts'
import { type Known, type Request, requestOf } from './generate.ts'
import { createJudge } from './judge.ts'
import { type Operation, operationsOf } from './operations.ts'

export interface CallerKind {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  /** Statuses, one of which every operation that needs a key must answer. */
  readonly refusedWith?: readonly number[]
  /** What it must never see. */
  readonly secrets: readonly string[]
  /** Not of these operations; absent: of all. */
  readonly mayAsk?: (operation: Operation) => boolean
}

export interface ApiFuzz {
  readonly url: string
  readonly document: Document
  readonly dice: Dice
  readonly known: Known
  readonly callers: readonly CallerKind[]
  readonly requests: number
  /** Epoch ms. */
  readonly until?: number
  /** Findings after which it ends; default 20. */
  readonly most?: number
}

export interface ApiFuzzed {
  readonly asked: number
  /** "GET /v1/runs 200", how often. */
  readonly answers: ReadonlyMap<string, number>
  readonly findings: readonly { readonly caller: string; readonly request: Asked; readonly why: string }[]
}

const methods = ['DELETE', 'PUT', 'PATCH', 'OPTIONS', 'HEAD', 'POST', 'GET', 'PROPFIND', 'LINK']
const usualMost = 20
const wrongShare = 0.6
/** One round in so many is asked by who may, with nothing wrong: an operation that nobody is ever answered is not tried at all. */
const fairRound = 4
/** Longer ones pass Node's bound of a head, and are refused before anybody is asked for. */
const mostPathChars = 10_000

export async function fuzzApi({
  url,
  document,
  dice,
  known,
  callers,
  requests,
  until = Number.POSITIVE_INFINITY,
  most = usualMost,
}: ApiFuzz): Promise<ApiFuzzed> {
  const operations = operationsOf(document)
  const welcome = callers.filter(({ refusedWith }) => refusedWith === undefined)
  const judge = createJudge(document)
  const answers = new Map<string, number>()
  const findings: ApiFuzzed['findings'][number][] = []
  let asked = 0
  for (; asked < requests && Date.now() < until && findings.length < most; asked += 1) {
    const operation = operations[asked % operations.length] ?? dice.pick(operations)
    const isFair = Math.floor(asked / operations.length) % fairRound === 0
    const caller = dice.pick(isFair ? welcome : callers)
    const made = requestOf(dice, operation, known, isFair ? 0 : wrongShare)
    const method = !isFair && dice.chance(0.05) && made.path.length < mostPathChars ? dice.pick(methods) : made.method
    const isAsDescribed = method === made.method
    const request: Request = {
      ...made,
      method,
      headers: { ...made.headers, ...caller.headers },
      wrong: isAsDescribed ? made.wrong : undefined,
    }
    const find = (why: string) => findings.push({ caller: caller.name, request, why })
    try {
      const answered = await ask(url, request)
      const name = `${method} ${operation.path} ${answered.status}`
      answers.set(name, (answers.get(name) ?? 0) + 1)
      const wrong = judge(request, answered, caller.secrets)
      if (wrong !== undefined) find(wrong)
      else if (isAsDescribed && operation.needsKey) judgeCaller(caller, operation, request.path, answered.status, find)
    } catch (error) {
      find(`no answer: ${String(error)}`)
    }
  }
  return { asked, answers, findings }
}

/** Who may not ask is told so before anything else about the request. A path that leads nowhere is nobody's. */
function judgeCaller(
  { refusedWith, mayAsk }: CallerKind,
  operation: Operation,
  path: string,
  status: number,
  find: (why: string) => void,
): void {
  if (refusedWith === undefined || mayAsk?.(operation) === true) return
  const isLost =
    status === 400 ? path.length > mostPathChars || operation.path.includes('{') : status === 404 && operation.path.includes('{')
  // Who asks for no WebSocket where there is nothing else is told so, whoever it is.
  const isNoSocket = status === 426
  if (!refusedWith.includes(status) && !isLost && !isNoSocket) find(`it answers ${status} to who may not ask`)
}
