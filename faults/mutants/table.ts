/** `npm run faults -- --mutants`: prints each trial as it ends, and counts them. */
import { type MutantsOptions, runMutants, type Trial } from './run.ts'

const mostSaid = 300

/** One line of the table: what was tried, which law has to find it, and which did. */
function trialLine({ scenario, mutant, caughtBy, isGood, tries, seconds }: Trial): string {
  const cells = [
    (mutant?.name ?? '(as it is)').padEnd(38),
    scenario.padEnd(20),
    (mutant?.law ?? 'none').padEnd(13),
    (caughtBy.join(', ') || 'nothing').padEnd(44),
    `${seconds.toFixed(1).padStart(5)} s${tries === 1 ? '' : `, try ${tries}`}`,
  ]
  return `${isGood ? 'ok  ' : 'FAIL'} ${cells.join(' ')}`
}

/** Prints each trial as it ends. */
export async function printMutants(options: Omit<MutantsOptions, 'onTrial'>, print: (line: string) => void): Promise<readonly Trial[]> {
  print(`     ${'mutant'.padEnd(38)} ${'scenario'.padEnd(20)} ${'law'.padEnd(13)} ${'caught by'.padEnd(44)}`)
  const trials = await runMutants({
    ...options,
    onTrial(trial) {
      print(trialLine(trial))
      if (trial.isGood) return
      for (const said of trial.said) print(`       ${said.slice(0, mostSaid).replaceAll('\n', '\n       ')}`)
      if (trial.folder !== undefined) print(`       ${trial.folder}`)
    },
  })
  print(countsOf(trials))
  return trials
}

function countsOf(trials: readonly Trial[]): string {
  const seeded = trials.filter(({ mutant }) => mutant !== undefined)
  const clean = trials.filter(({ mutant }) => mutant === undefined)
  const good = (of: readonly Trial[]) => `${of.filter(({ isGood }) => isGood).length} of ${of.length}`
  return `${good(seeded)} mutants were caught by their law; the server as it is passed ${good(clean)} scenarios.`
}

/** For faults/RESULTS.md. */
export function trialsTable(trials: readonly Trial[]): string {
  return [
    countsOf(trials),
    '',
    '| mutant | what is wrong | law | caught by |',
    '| --- | --- | --- | --- |',
    ...trials.flatMap(({ mutant, caughtBy, isGood, tries }) =>
      mutant === undefined
        ? []
        : [
            `| ${mutant.name} | ${mutant.what} | ${mutant.law} | ${isGood ? '' : '**not by its law** '}${caughtBy.join(', ')}${tries === 1 ? '' : ` (try ${tries})`} |`,
          ],
    ),
  ].join('\n')
}
