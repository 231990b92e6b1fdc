/** Lanes for tests, of which only what matters is said. */
import type { Bar, Lane } from './layout.ts'

export const laneWith = (more: Partial<Lane> = {}): Lane => ({
  ...{ agent: 'a', label: 'a', depth: 0, workers: 0, pinned: false, under: undefined, rows: 1, goneAt: undefined },
  ...{ bars: [], models: [], tools: [], waits: [] },
  ...more,
})

export const barWith = (more: Partial<Bar> = {}): Bar => ({
  ...{ task: 't', label: 'T', state: 'working', worked: true, from: 0, to: undefined, contradicted: false, row: 0, crowded: false },
  ...more,
})
