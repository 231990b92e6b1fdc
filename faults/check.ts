/** `node faults/check.ts <history>…`: judges histories that were kept, each by itself. Exits with 1 when a law is broken. */
import { check } from './check/check.ts'
import { findingText } from './check/finding.ts'
import { readHistory } from './history/reader.ts'

let broken = 0
for (const path of process.argv.slice(2)) {
  const { findings, counted, entries, events, tookMs } = check(readHistory(path))
  console.log(
    `${path}: ${entries.toLocaleString('en')} entries of ${events.toLocaleString('en')} events, in ${(tookMs / 1_000).toFixed(1)} s`,
  )
  for (const finding of findings) console.log(findingText(finding))
  for (const missing of counted.missing) console.log(`does not count: ${missing}`)
  if (findings.length > 0) broken += 1
}
process.exit(broken === 0 ? 0 : 1)
