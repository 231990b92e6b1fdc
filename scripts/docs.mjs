/** Writes configuration.md, errors.md, metrics.md, cli.md and doors/dialects.md of docs/ from the code's own tables; with --check, fails when they are stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createProgram, exitCodesText } from '../packages/cli/src/program.ts'
import { refusals } from '../packages/model/src/refusals.ts'
import { settings } from '../packages/server/src/config.ts'
import { createMetrics } from '../packages/server/src/ops/metrics.ts'
import { cliPage } from './cli-page.mjs'
import { dialectsPage } from './dialects-page.mjs'
import { dialectsText } from './dialects-text.mjs'

const cell = (text) => String(text).replaceAll('|', '\\|')

const pages = {
  'docs/configuration.md': [
    '# Configuration',
    '',
    'Environment variables, read once at start. Generated from `packages/server/src/config.ts`.',
    '',
    '| variable | default | unit | meaning |',
    '| --- | --- | --- | --- |',
    ...Object.values(settings).map(
      (s) => `| \`${s.key}\` | ${s.default === '' ? '' : `\`${s.default}\``} | ${s.unit ?? ''} | ${cell(s.about)} |`,
    ),
    '',
  ],
  'docs/errors.md': [
    '# Errors',
    '',
    'Every refusal carries one of these codes, in a problem (RFC 9457) or beside the item it refuses. Generated from `packages/model/src/refusals.ts`.',
    '',
    '| code | status | meaning | what to do | retry as it is |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries(refusals).map(
      ([code, r]) =>
        `| <a id="${code}"></a>\`${code}\` | ${r.status} | ${cell(r.means)} | ${cell(r.hint)} | ${r.retryable ? 'yes' : 'no'} |`,
    ),
    '',
  ],
  'docs/cli.md': cliPage(createProgram(), exitCodesText),
  'docs/doors/dialects.md': dialectsPage(dialectsText),
  'docs/metrics.md': [
    '# Metrics',
    '',
    'What `/metrics` tells, in Prometheus’ text format. Beyond loopback it needs a key with the scope `read`. Generated from `packages/server/src/ops/metrics.ts`.',
    '',
    'The conservation law: for each `door`, `received = stored + duplicate + refused + quarantined` of `signalbox_events_total`, whenever nothing is under way.',
    '',
    '| metric | kind | labels | meaning |',
    '| --- | --- | --- | --- |',
    ...createMetrics()
      .registry.getMetricsAsArray()
      .map(
        (metric) =>
          `| \`${metric.name}\` | ${metric.constructor.name.toLowerCase()} | ${metric.labelNames.map((label) => `\`${label}\``).join(', ')} | ${cell(metric.help)} |`,
      ),
    '',
  ],
}
const home = join(import.meta.dirname, '..')
const stale = []
for (const [name, lines] of Object.entries(pages)) {
  const text = lines.join('\n')
  const file = join(home, name)
  const now = (() => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return ''
    }
  })()
  if (now === text) continue
  if (process.argv.includes('--check')) stale.push(name)
  else writeFileSync(file, text)
}
if (stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run: npm run docs`)
  process.exit(1)
}
