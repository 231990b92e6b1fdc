/** Durability: an acknowledgement says what it is worth, no more and no less. */
import type { Durability } from '../history/history.ts'
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

export const durability: MakeLaw = () => {
  const said = new Map<Durability, { answers: number; readonly lines: number[] }>()
  let worth: Durability = 'durable'
  return {
    see(entry, line) {
      if (entry.op === 'final' && entry.what === 'durability') worth = entry.worth
      if (entry.op !== 'send' || entry.type !== 'ok') return
      const word = said.get(entry.durability) ?? { answers: 0, lines: [] }
      said.set(entry.durability, word)
      word.answers += 1
      if (word.lines.length < 5) word.lines.push(line)
    },
    judge() {
      const findings = createFindings('durability')
      let looked = 0
      for (const [word, { answers, lines }] of said) {
        looked += answers
        if (word !== worth)
          findings.add('answers do not say what the store is set to keep', () => `${answers} said ${word}, the store is ${worth}`, lines)
      }
      return { looked, findings: findings.all() }
    },
  }
}
