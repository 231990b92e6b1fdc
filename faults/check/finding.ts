/** What a law found broken, told so that a person can look it up in the history. */
import type { LawName } from './law.ts'

export interface Finding {
  readonly law: LawName
  /** What happened, of all of them. */
  readonly what: string
  readonly count: number
  /** The first few, each with the lines of the history that show it. */
  readonly examples: readonly Example[]
}

interface Example {
  /** Ids, positions, numbers. */
  readonly which: string
  readonly lines: readonly number[]
}

const mostExamples = 5

/** Counts what is broken by what happened, and keeps the first few of each. `which` is asked for those alone. */
export function createFindings(law: LawName) {
  const found = new Map<string, { count: number; readonly examples: Example[] }>()
  return {
    add(what: string, which: () => string, lines: readonly number[]): void {
      const finding = found.get(what) ?? { count: 0, examples: [] }
      found.set(what, finding)
      finding.count += 1
      // Line 0: nobody told.
      if (finding.examples.length < mostExamples) finding.examples.push({ which: which(), lines: lines.filter((line) => line > 0) })
    },
    all: (): Finding[] => [...found].map(([what, finding]) => ({ law: law, what, ...finding })),
  }
}

/** Some lines of text: the law, what happened and how often, and each example with its lines. */
export function findingText({ law, what, count, examples }: Finding): string {
  const more = count > examples.length ? [`  and ${(count - examples.length).toLocaleString('en')} more`] : []
  const shown = examples.map(({ which, lines }) => `  ${which}${lines.length === 0 ? '' : ` (line ${lines.join(', ')})`}`)
  return [`${law}: ${what}: ${count.toLocaleString('en')}`, ...shown, ...more].join('\n')
}
