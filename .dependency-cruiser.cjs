/** The arrows: dashboard -> client -> model <- server <- cli; inside the server each stage sees the next one's port, and app.ts alone wires adapters. */
const server = '^packages/server/src/'
const stage = (name) => `${server}${name}/`
const tests = '\\.(test|conformance|laws\\.test|fake)\\.tsx?$|/testing\\.ts$'
const only = (from, to, comment) => ({
  name: `only-${from}`,
  severity: 'error',
  comment,
  from: { path: stage(from), pathNot: tests },
  to: { path: `^packages/(?!model/)`, pathNot: `${to}|node_modules` },
})
const shared = `${server}(config|clock|http|turns)[./]|${stage('ops')}(metrics|log)`

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'model-depends-on-nothing', severity: 'error', from: { path: '^packages/model/' }, to: { path: '^packages/(?!model/)' } },
    {
      name: 'model-is-pure',
      severity: 'error',
      comment: 'It runs anywhere: no Node.',
      from: { path: '^packages/model/', pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'client-sees-model-only',
      severity: 'error',
      from: { path: '^packages/client/', pathNot: tests },
      to: { path: '^packages/(?!model/|client/)' },
    },
    {
      name: 'dashboard-sees-client-and-model',
      severity: 'error',
      from: { path: '^packages/dashboard/' },
      to: { path: '^packages/(server|cli)/' },
    },
    {
      name: 'server-sees-model-only',
      severity: 'error',
      from: { path: '^packages/server/', pathNot: tests },
      to: { path: '^packages/(client|cli|dashboard)/' },
    },
    only('ingest', `${stage('ingest')}|${stage('broker')}broker\\.ts|${shared}`, 'A door knows no database: it sees the broker port.'),
    only('broker', `${stage('broker')}|${shared}`, 'The broker carries; it knows neither doors nor store.'),
    only(
      'sequencer',
      `${stage('sequencer')}|${stage('broker')}broker\\.ts|${stage('store')}|${shared}`,
      'The sequencer sees the broker port and writes the store.',
    ),
    only('store', `${stage('store')}|${shared}`, 'The store is at the bottom.'),
    only(
      'live',
      `${stage('live')}|${stage('sequencer')}commit\\.ts|${stage('store')}store\\.ts|${shared}`,
      'Live sees commits and the read port.',
    ),
    only('api', `${stage('api')}|${stage('store')}|${stage('live')}cursor\\.ts|${shared}`, 'Queries read the store.'),
    only(
      'streams',
      `${stage('streams')}|${stage('broker')}broker\\.ts|${stage('sequencer')}commit\\.ts|${stage('store')}|${shared}`,
      'Consumers read the log and speak through the broker.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    parser: 'swc', // TypeScript 7 has no API to parse by yet
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] },
  },
}
