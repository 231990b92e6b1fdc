/**
 * A made-up fleet at work, without end: teams of a manager and its workers, one run after the other.
 * Pure: the same options give the same steps.
 */
import { castOf, type Team } from './cast.ts'
import { createDice } from './dice.ts'
import { type Goal, goals } from './goals.ts'
import { type Crew, createDeck, type Twist, type Worker } from './job.ts'
import { runOf } from './run.ts'
import { perform, type Stage, type Step, type Story } from './stage.ts'
import { comeBack } from './work.ts'

export interface ScenarioOptions {
  readonly seed: number
  /** From `fewestAgents` to `mostAgents`. */
  readonly agents: number
  /** In the ids of its runs, so that each playing has runs of its own. */
  readonly play: string
}

/** Of the tasks of a team's first runs; the next team begins elsewhere in it. So all that can happen happens in the first minutes. */
const firstTwists: readonly (Twist | undefined)[] = [
  undefined,
  'crash',
  undefined,
  'question',
  undefined,
  'approval',
  'failure',
  undefined,
  undefined,
  'stuck',
  undefined,
  'handoff',
]
const twistsApart = 4
/** Share of the runs after which a worker goes for a while. */
const goesHome = 0.6
/** Teams begin one after the other, for a while. */
const betweenTeamsMs = 2_200
const mostApart = 6
/** Of one team. */
const mostOpenRuns = 2

const isFree = ({ work, goneAt }: Worker) => work === undefined && goneAt === undefined

export function scenario({ seed, agents, play }: ScenarioOptions): Generator<Step, void, void> {
  const dice = createDice(seed)
  return perform(dice, (stage) => {
    const dealGoal = createDeck(dice.shuffled(goals), dice)
    let runs = 0
    const nextRun = () => ({ run: `demo:${play}:${++runs}`, goal: dealGoal() })
    for (const [n, team] of castOf(agents, dice).entries()) stage.begin(lead(stage, team, n, nextRun))
  })
}

function* lead(stage: Stage, team: Team, n: number, nextRun: () => { readonly run: string; readonly goal: Goal }): Story {
  const { manager } = team
  const workers = team.workers.map((part) => ({ part, queue: [], work: undefined, job: undefined, goneAt: undefined }))
  const crew: Crew = { manager, workers }
  const begin = (n * twistsApart) % firstTwists.length
  const deal = createDeck([...firstTwists.slice(begin), ...firstTwists.slice(0, begin)], stage.dice)
  yield (n % mostApart) * betweenTeamsMs
  for (const part of [manager, ...team.workers]) {
    stage.act(part.id, { kind: 'join', part })
    yield stage.dice.between(100, 900)
  }
  let open = 0
  const oneRun = function* (): Story {
    const { run, goal } = nextRun()
    open += 1
    yield* runOf(stage, crew, run, goal, deal)
    open -= 1
    if (stage.dice.chance(goesHome)) sendHome(stage, crew)
  }
  for (;;) {
    stage.begin(oneRun())
    yield stage.dice.between(14_000, 20_000)
    // The next run begins while the last tasks of this one are under way.
    while (open >= mostOpenRuns || 2 * crew.workers.filter(isFree).length < crew.workers.length) yield 1_000
  }
}

/** Somebody who has nothing to do says goodbye, for a while. */
function sendHome(stage: Stage, crew: Crew): void {
  const free = crew.workers.find(isFree)
  if (free === undefined || crew.workers.some(({ goneAt }) => goneAt !== undefined) || crew.workers.length === 1) return
  stage.act(free.part.id, { kind: 'leave' })
  free.goneAt = stage.now()
  stage.begin(comeBack(stage, crew, free, stage.dice.between(12_000, 25_000)))
}
