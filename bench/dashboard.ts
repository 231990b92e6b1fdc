/**
 * `npm run bench:dashboard`: the fleet page with 10,000 agents while 10,000 events a second come in; with `-- --screens` the other screens
 * at the sizes they promise, and how long a tab waits when the one that holds the connection is closed. A real server, a sender and
 * Chromium, each a process, on one machine. Prints figures and whether the goals are met, and keeps them as JSON.
 *
 * `-- --rate=10000 --seconds=60 --runs=1000 --finished=1 --path=/ --width=1440 --height=900 --json=file --profile`
 * `-- --screens --seconds=20 --only=lanes`
 *
 * A frame is the time between two animation frames; "idle" is the same page with nothing sent, the reference on this machine, and
 * "blank" an empty page beside the same load. Where the machine does other work too, a task takes longer on the clock than of the processor: a
 * trace tells both. A collection before each look at the heap is not within what is measured.
 */
import { fleetPage } from './dashboard/fleet-page.ts'
import { isAsked } from './dashboard/options.ts'
import { screens } from './dashboard/screens.ts'
import { onStage } from './dashboard/stage.ts'

await onStage(isAsked('screens') ? screens : fleetPage)
