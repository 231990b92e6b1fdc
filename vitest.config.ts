import { defineConfig } from 'vitest/config'

/** Tests of what only computes: nothing of one file stays for the next, so a process runs many, and starts once instead of for each. */
const computing = ['packages/{model,dashboard}/**/*.test.ts']
/** Faults, after all else: where a cable is laid or cut the machine's network changes, and Chromium then fails what it is loading (ERR_NETWORK_CHANGED). */
const striking = ['faults/**/*.test.ts']

export default defineConfig({
  test: {
    globalSetup: ['test/run-folder.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A poll ends as soon as it holds; a busy machine may need more than the default second.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'computing', include: computing, isolate: false } },
      {
        extends: true,
        test: { name: 'running', include: ['{packages,test}/**/*.test.ts'], exclude: ['**/node_modules/**', ...computing] },
      },
      { extends: true, test: { name: 'striking', include: striking, sequence: { groupOrder: 1 } } },
    ],
  },
})
