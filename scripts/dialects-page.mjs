/** docs/doors/dialects.md: what spans of each dialect become, from the tables that the server reads them by. */
import { dialects, fieldAliases, kindAliases, kindsByName } from '../packages/server/src/ingest/otlp/spans/aliases.ts'

const code = (text) => `\`${String(text).replaceAll('|', '\\|')}\``

const versions = ({ since, until }) =>
  since === undefined && until === undefined
    ? ''
    : until === undefined
      ? `since ${since}`
      : since === undefined
        ? `until ${until}`
        : `${since} to ${until}`

const only = ({ scope, span, kinds, pattern, excludesCache }) =>
  [
    scope === undefined ? '' : `scopes ${code(`${scope}*`)}`,
    span === undefined ? '' : `spans ${code(`${span}*`)}`,
    kinds === undefined ? '' : `of ${kinds.join(', ')}`,
    pattern === undefined ? '' : 'a part of the value',
    excludesCache ? 'without cached tokens, which are added' : '',
  ]
    .filter((part) => part !== '')
    .join('; ')

const becomes = {
  llm: '`llm.finished` or `llm.failed`; `data.call` is the span’s id (of Claude Code its request’s)',
  embedding: 'the same, `data.operation` `embedding`',
  rerank: 'the same, `data.operation` `rerank`',
  tool: '`tool.finished` or `tool.failed`, `data.call` as above (of Claude Code `tool_use_id`)',
  retrieval: 'the same, `data.operation` `retrieval`',
  memory: 'the same, `data.operation` `memory`',
  agent: '`agent.started`, `task.started`, and `task.completed` or `task.failed`; the task is the span’s id',
  'agent-created': '`agent.started`',
  workflow: '`custom.otlp.workflow`',
  step: '`custom.otlp.step`',
  handoff: '`handoff`, where it is told to whom; else `custom.otlp.handoff`',
  plan: '`plan.updated`',
  guardrail: '`custom.otlp.guardrail`',
  evaluator: '`custom.otlp.evaluator`',
  prompt: '`custom.otlp.prompt`',
  other: '`custom.otlp.span`',
}

const kindRow = (kind, alias) => {
  const said = Object.entries(alias.values ?? {}).map(([value, of]) => `${code(value)} ${of}`)
  const matched = (alias.patterns ?? []).map(([pattern, of]) => `${code(pattern.source)} ${of}`)
  const present = alias.whenPresent === undefined ? [] : [`whatever it says: ${alias.whenPresent}`]
  return `| ${kind} | ${dialects[alias.dialect]} | ${versions(alias)} | ${only(alias)} | ${[...said, ...matched, ...present].join(', ')} |`
}

export const dialectsPage = (text) => [
  '# Spans and their dialects',
  '',
  ...text,
  '## What a span is about',
  '',
  'By its name, else by the first of these attributes that says something.',
  '',
  '| attribute | dialect | versions | only | values |',
  '| --- | --- | --- | --- | --- |',
  ...kindsByName.map(
    ({ name, dialect, scope, kind }) => `| the span’s name | ${dialects[dialect]} | | ${only({ scope })} | ${code(name)} ${kind} |`,
  ),
  ...kindAliases.map((alias) => kindRow(code(alias.key), alias)),
  '',
  '`agent-if-named`: an agent where the span names one (`ai.telemetry.functionId`), else a step.',
  '',
  '| kind | becomes |',
  '| --- | --- |',
  ...Object.entries(becomes).map(([kind, type]) => `| ${kind} | ${type} |`),
  '',
  '## What it says',
  '',
  'Of each field the first attribute that the span has counts.',
  '',
  '| field | attribute | dialect | versions | only |',
  '| --- | --- | --- | --- | --- |',
  ...Object.entries(fieldAliases).flatMap(([field, aliases]) =>
    aliases.map((alias) => `| ${field} | ${code(alias.key)} | ${dialects[alias.dialect]} | ${versions(alias)} | ${only(alias)} |`),
  ),
  '',
]
