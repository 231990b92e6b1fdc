/** What the demonstration's teams work on: words only. */
export interface Goal {
  readonly name: string
  readonly tasks: readonly string[]
}

export const goals: readonly Goal[] = [
  {
    name: 'Search that forgives typos',
    tasks: [
      'Collect the queries that found nothing last month',
      'Compare trigram and edit-distance ranking',
      'Index product names by trigrams',
      'Keep the answer below 80 ms at the 99th percentile',
      'Write tests for the fifty worst queries',
      'Describe the new ranking for support',
    ],
  },
  {
    name: 'Invoices in two currencies',
    tasks: [
      'List every place that formats an amount',
      'Store amounts as integers with their currency',
      'Migrate last year’s invoices on a copy',
      'Reconcile totals against the ledger',
      'Render the PDF in both languages',
      'Ask accounting about rounding',
    ],
  },
  {
    name: 'Nightly dependency upgrades',
    tasks: [
      'Read the changelogs of eleven packages',
      'Upgrade the HTTP client and fix its callers',
      'Bisect the flaky checkout test',
      'Rebuild the container image',
      'Scan the image for known holes',
      'Open a pull request for each upgrade',
    ],
  },
  {
    name: 'Faster first page',
    tasks: [
      'Profile the first page on a slow phone',
      'Split the bundle by route',
      'Serve images as AVIF',
      'Preload the two fonts above the fold',
      'Measure again on three devices',
      'Set a budget that the build holds',
    ],
  },
  {
    name: 'Answers for the support queue',
    tasks: [
      'Group 240 open tickets by cause',
      'Draft answers for the ten commonest',
      'Check the drafts against the terms',
      'Find who was charged twice',
      'Translate the answers to French and German',
      'Hand the rest to people',
    ],
  },
  {
    name: 'Audit of access rights',
    tasks: [
      'Export who may read which bucket',
      'Find keys that nobody used for 90 days',
      'Propose a role for each service',
      'Try the roles in staging',
      'Rotate the deploy key',
      'Write the report for the auditors',
    ],
  },
  {
    name: 'Weekly market report',
    tasks: [
      'Gather prices from nine sources',
      'Flag figures that contradict each other',
      'Chart the last twelve weeks',
      'Summarise what changed and why',
      'Check every number against its source',
      'Lay out the report',
    ],
  },
]

export interface Tool {
  readonly name: string
  /** What it is asked for. */
  readonly asks: readonly string[]
  /** What it fails with. */
  readonly fails: readonly string[]
}

export const tools: readonly Tool[] = [
  {
    name: 'search',
    asks: ['callers of formatAmount', 'ranking fallback', 'double charge refund'],
    fails: ['429: too many requests, try again in 2 s'],
  },
  {
    name: 'read_file',
    asks: ['src/search/rank.ts', 'docs/ledger.md', 'CHANGELOG.md'],
    fails: ['No such file: src/search/rank.ts'],
  },
  {
    name: 'edit_file',
    asks: ['src/invoice/total.ts', 'src/page/head.tsx', 'infra/roles.yaml'],
    fails: ['The text to replace was found twice'],
  },
  {
    name: 'run_tests',
    asks: ['unit', 'checkout', 'search --slow'],
    fails: ['2 of 148 tests failed: rounds half to even', 'Exit code 1: worker ran out of memory'],
  },
  {
    name: 'query_db',
    asks: ['select count(*) from invoices', 'explain analyze select …'],
    fails: ['canceling statement due to statement timeout'],
  },
  { name: 'fetch', asks: ['https://example.com/prices.json', 'https://example.org/report'], fails: ['503 Service Unavailable'] },
]

export const thoughts = ['read', 'reason', 'write', 'check'] as const
export const notes = ['read what is there', 'found the cause', 'a first version stands', 'tests are green', 'polishing'] as const
export const questions = [
  ['Which currency comes first?', 'The one of the customer’s country.'],
  ['May the index lag by a minute?', 'Ten seconds at most.'],
  ['Is the old endpoint still used?', 'By the mobile app: keep it.'],
] as const
export const actions = ['deploy to staging', 'rotate the deploy key', 'write to the production database'] as const
