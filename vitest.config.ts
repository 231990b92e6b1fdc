import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/**/*.test.ts', 'packages/**/*.test.tsx', 'test/**/*.test.ts', 'faults/**/*.test.ts'],
    globalSetup: ['test/run-folder.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A poll ends as soon as it holds; a busy machine may need more than the default second.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
})
