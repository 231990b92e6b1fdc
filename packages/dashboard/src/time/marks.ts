/** Marks on the bar of time: those that would cover each other are one. */
import { clock, visible } from '../text.ts'
import type { Mark, MarkKind } from './timeline.ts'
import type { TimeWindow } from './window.ts'

export interface Cluster {
  readonly at: number
  readonly kind: MarkKind
  readonly count: number
  /** What is said of it. */
  readonly title: string
}

const names: Readonly<Record<MarkKind, string>> = {
  failed: 'failed',
  lost: 'lost',
  stuck: 'stuck',
  alert: 'alert',
  restart: 'heard again',
}
/** The worst of a cluster stands for it. */
const weights: Readonly<Record<MarkKind, number>> = { lost: 5, alert: 4, failed: 3, stuck: 2, restart: 1 }
const mostNamed = 4

const titleOf = ({ at, kind, agent, task }: Mark) =>
  `${clock(at)} ${names[kind]}${agent === undefined ? '' : `: ${visible(agent)}`}${task === undefined ? '' : ` · ${visible(task)}`}`

/** `most`: how many have room beside each other. */
export function clustersOf(marks: readonly Mark[], { since, until }: TimeWindow, most: number): Cluster[] {
  const cells = new Map<number, Mark[]>()
  for (const mark of marks) {
    if (mark.at < since || mark.at > until) continue
    const cell = Math.floor(((mark.at - since) / Math.max(1, until - since)) * most)
    cells.set(cell, [...(cells.get(cell) ?? []), mark])
  }
  return [...cells.values()].map((held) => {
    const worst = held.reduce((a, b) => (weights[b.kind] > weights[a.kind] ? b : a))
    const more = held.length > mostNamed ? [`and ${held.length - mostNamed} more`] : []
    return {
      at: worst.at,
      kind: worst.kind,
      count: held.length,
      title: [...held.slice(0, mostNamed).map(titleOf), ...more].join('\n'),
    }
  })
}
