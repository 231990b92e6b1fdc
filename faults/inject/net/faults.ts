/** The faults of the network. */
import type { Fault } from '../../world/world.ts'
import { blockedDashboard } from './blocked-dashboard.ts'
import { cut } from './cut.ts'
import { delay } from './delay.ts'
import { dropAnswers } from './drop-answers.ts'
import { halfClose } from './half-close.ts'
import { halfOpen } from './half-open.ts'
import { failover, partition } from './partition.ts'
import { reset } from './reset.ts'
import { slowDashboard } from './slow-dashboard.ts'
import { slowSender } from './slow-sender.ts'
import { split } from './split.ts'
import { stall } from './stall.ts'

export const networkFaults: readonly Fault[] = [
  delay('clients'),
  split('clients'),
  stall('clients', 'both'),
  stall('clients', 'requests'),
  stall('clients', 'answers'),
  reset('clients'),
  halfClose('clients'),
  cut('clients', 'requests'),
  cut('clients', 'answers'),
  dropAnswers('clients'),
  halfOpen,
  slowDashboard,
  blockedDashboard,
  slowSender,
  delay('database'),
  split('database'),
  stall('database', 'both'),
  stall('database', 'requests'),
  stall('database', 'answers'),
  reset('database'),
  halfClose('database'),
  cut('database', 'requests'),
  cut('database', 'answers'),
  dropAnswers('database'),
  ...(['clients', 'database'] as const).flatMap((which) =>
    (['both', 'from server', 'to server'] as const).map((lost) => partition(which, lost)),
  ),
  failover,
]
