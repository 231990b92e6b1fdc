/**
 * Named points around every `await` of the path from a door to the acknowledgement, and of what writes behind it. Production code knows
 * nothing of them: `preload.ts` writes them into the source text as the server loads it.
 *
 * `before`: nothing of the step was done. `under`: it was asked for (the bytes are sent) and nothing was answered. `after`: it is done.
 */
import { stripTypeScriptTypes } from 'node:module'
import { type AnyNode, type Node, parse } from 'acorn'

/** Relative to packages/server/src. */
export const pointedFiles = [
  'ingest/rest.ts',
  'ingest/receive.ts',
  'ingest/websocket.ts',
  'ingest/body.ts',
  'broker/direct.ts',
  'sequencer/sequencer.ts',
  'sequencer/writer.ts',
  'sequencer/hold.ts',
  'sequencer/partition-rows.ts',
  'store/open.ts',
  'store/log-write.ts',
  'store/bulk.ts',
  'store/rows-write.ts',
  'store/days.ts',
  'store/quarantine.ts',
  'streams/producers.ts',
  'streams/snapshots.ts',
] as const

export const moments = ['before', 'under', 'after'] as const
export type Moment = (typeof moments)[number]

interface Step {
  /** `sequencer/hold.ts:takeNow:3`: the third await of that function. */
  readonly name: string
  readonly start: number
  readonly end: number
  /** Of a loop, whose `start` and `end` are its source's. */
  readonly body: { readonly start: number; readonly end: number } | undefined
}

/** `sequencer/hold.ts:takeNow:before:3` */
const pointOf = ({ name }: Step, moment: Moment) => name.replace(/:(\d+)$/, `:${moment}:$1`)

/** What a function is called where it is made: its own name, or that of the variable or the property that holds it. */
function nameOf(node: AnyNode, parent: AnyNode | undefined): string | undefined {
  if (node.type === 'FunctionDeclaration') return node.id?.name
  if (node.type !== 'FunctionExpression' && node.type !== 'ArrowFunctionExpression') return undefined
  if (parent?.type === 'VariableDeclarator' && parent.id.type === 'Identifier') return parent.id.name
  if ((parent?.type === 'Property' || parent?.type === 'MethodDefinition') && parent.key.type === 'Identifier') return parent.key.name
  return undefined
}

const isNode = (value: unknown): value is AnyNode => typeof value === 'object' && value !== null && 'type' in value

function stepsOf(file: string, source: string): Step[] {
  // Blanks where the types were: every position is that of the source.
  const script = stripTypeScriptTypes(source)
  const steps: Step[] = []
  const counts = new Map<string, number>()
  const add = (within: string, step: Omit<Step, 'name'>) => {
    const count = (counts.get(within) ?? 0) + 1
    counts.set(within, count)
    steps.push({ name: `${file}:${within}:${count}`, ...step })
  }
  const visit = (node: AnyNode, parent: AnyNode | undefined, around: string) => {
    const within = nameOf(node, parent) ?? around
    if (node.type === 'AwaitExpression') add(within, { start: node.start, end: node.end, body: undefined })
    if (node.type === 'ForOfStatement' && node.await) add(within, { start: node.right.start, end: node.right.end, body: node.body })
    for (const value of Object.values(node)) for (const child of [value].flat()) if (isNode(child)) visit(child, node, within)
  }
  visit(parse(script, { ecmaVersion: 'latest', sourceType: 'module' }) as Node as AnyNode, undefined, 'module')
  return steps
}

/** A loop that awaits asks within itself: of it there is no `under`. */
const momentsOf = ({ body }: Step) => moments.filter((moment) => body === undefined || moment !== 'under')

/** All points of a file, in the order of its text. */
export const pointsOf = (file: string, source: string): string[] =>
  stepsOf(file, source).flatMap((step) => momentsOf(step).map((moment) => pointOf(step, moment)))

/** The file with its points. No turn of the loop is added, and no line moves. */
export function withPoints(file: string, source: string, runtimeUrl: string): string {
  const steps = stepsOf(file, source)
  if (steps.length === 0) return source
  const inserts: Insert[] = []
  const insert = (at: number, text: string) => inserts.push({ at, text, order: inserts.length })
  for (const step of steps) {
    const { start, end, body } = step
    const [before, under, after] = moments.map((moment) => JSON.stringify(pointOf(step, moment)))
    // A call, since a parenthesis at the start of a line would belong to the line before.
    insert(start, `__through(__at(${before}), `)
    if (body === undefined) {
      insert(start + 'await'.length, ` __under(${under},`)
      insert(end, `), ${after})`)
    } else {
      insert(end, ')')
      insert(body.start, `{ __at(${after}); `)
      insert(body.end, ' }')
    }
  }
  let text = ''
  let from = 0
  for (const { at, text: inserted } of inserts.sort(byPlace)) {
    text += source.slice(from, at) + inserted
    from = at
  }
  return `import { at as __at, through as __through, under as __under } from '${runtimeUrl}';${text}${source.slice(from)}`
}

interface Insert {
  readonly at: number
  readonly text: string
  readonly order: number
}
const closes = ({ text }: Insert) => /^[ )]/.test(text) && !text.startsWith(' __')
/** Of two that end at one place the inner one, which was found later, ends first. */
const byPlace = (a: Insert, b: Insert) => a.at - b.at || (closes(a) && closes(b) ? b.order - a.order : a.order - b.order)
