/** A run as Markdown, for people: what it took, what went wrong, the tree. Text of agents is escaped: it formats nothing and links nowhere. */
import { agentLook, runLook, taskLook } from '../../parts/status.tsx'
import { compact, dateTime, dollars, spanOf, visible, whole } from '../../text.ts'
import { endAt, type StoppedAt } from './bars.ts'
import { isTroubled, labelOf, type Node } from './node.ts'

/** Of a long error or title. */
const mostChars = 500

/** Every ASCII punctuation with a backslash before it is that punctuation (CommonMark 2.4); no line begins by it. */
export const escaped = (text: string): string => {
  const short = text.length > mostChars ? `${text.slice(0, mostChars)}…` : text
  return visible(short)
    .replace(/\s+/g, ' ')
    .replace(/[!-/:-@[-`{-~]/g, (found) => `\\${found}`)
}

function stateOf(node: Node): string {
  switch (node.kind) {
    case 'run':
      return runLook(node.row.state).words
    case 'agent':
      return agentLook(node.row?.status?.value).words
    case 'task':
      return taskLook(node.row.state).words
    case 'call':
      return node.row.outcome ?? 'open'
  }
}

const kindOf = (node: Node): string => (node.kind === 'call' ? (node.row.kind === 'llm' ? 'model call' : 'tool call') : node.kind)

interface Moment {
  readonly now: number
  readonly stoppedAt: StoppedAt
}

function figuresOf(node: Node, { now, stoppedAt }: Moment): string {
  const { sums, begin } = node
  const took = Number.isFinite(begin) ? spanOf(Math.max(0, endAt(node, node.end, stoppedAt, now) - begin)) : undefined
  return [
    took,
    sums.inputTokens + sums.outputTokens > 0 ? `${compact(sums.inputTokens)} in / ${compact(sums.outputTokens)} out` : undefined,
    sums.costMicros > 0 ? dollars(sums.costMicros) : undefined,
    sums.errors > 0 ? `${whole(sums.errors)} failed` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(' · ')
}

export function* reportOf(root: Node, moment: Moment): Generator<string> {
  if (root.kind !== 'run') return
  const { row, sums } = root
  yield `# ${escaped(labelOf(root))}\n\n`
  const facts: readonly (readonly [string, string])[] = [
    ['Run', escaped(row.id)],
    ['State', runLook(row.state).words],
    ['Started', dateTime(row.startedAt)],
    ['Took', spanOf(Math.max(0, endAt(root, root.end, moment.stoppedAt, moment.now) - row.startedAt))],
    ['Agents', whole(row.agents.length)],
    ['Calls', whole(sums.calls)],
    ['Tokens in', `${whole(sums.inputTokens)}, ${whole(sums.cachedTokens)} of them cached`],
    ['Tokens out', whole(sums.outputTokens)],
    ['Cost', dollars(sums.costMicros)],
    ['Failed calls', whole(sums.errors)],
    ['As of', dateTime(moment.now)],
  ]
  yield '| | |\n| --- | --- |\n'
  for (const [name, value] of facts) yield `| ${name} | ${value} |\n`
  if (row.error !== undefined) yield `\n**Error:** ${escaped(row.error)}\n`
  if (root.troubles > 0) {
    yield '\n## What went wrong\n\n'
    yield* troubles(root)
  }
  yield '\n## Tree\n\n'
  yield* branch(root, 0, moment)
}

function* troubles(node: Node): Generator<string> {
  if (node.kind !== 'run' && isTroubled(node)) {
    const error = node.kind === 'call' || node.kind === 'task' ? node.row.error : undefined
    const who = node.kind === 'call' ? node.row.agent : node.kind === 'task' ? node.row.assignee?.value : undefined
    const doubt = node.kind === 'task' && node.row.contradicted > 0 ? ', contradicted' : ''
    yield `- ${kindOf(node)} **${escaped(labelOf(node))}** (${stateOf(node)}${doubt})${who === undefined ? '' : ` by ${escaped(who)}`}${error === undefined ? '' : `: ${escaped(error)}`}\n`
  }
  for (const child of node.children) yield* troubles(child)
}

function* branch(node: Node, depth: number, moment: Moment): Generator<string> {
  const figures = figuresOf(node, moment)
  yield `${'  '.repeat(depth)}- ${kindOf(node)} **${escaped(labelOf(node))}** (${stateOf(node)})${figures === '' ? '' : ` · ${figures}`}\n`
  for (const child of node.children) yield* branch(child, depth + 1, moment)
}

/** A run's name may be anything; a file's may not. */
export const fileName = (run: string, ending: string): string => `${run.replace(/[^\w.-]+/g, '-').slice(0, 80)}.${ending}`
