/** What commands print: results on stdout, all else on stderr. What agents wrote must not drive the terminal. */
import { once } from 'node:events'
import type { Json } from '@signalbox/model/text.ts'

export const say = (line: string) => void process.stdout.write(`${line}\n`)
export const note = (line: string) => void process.stderr.write(`signalbox: ${line}\n`)

/** The same, at the pace of who reads. */
export async function sayPaced(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}

export const whole = (value: number) => value.toLocaleString('en-US')
/** `1 file`, `2 files`. */
export const counted = (value: number, what: string) => `${whole(value)} ${what}${value === 1 ? '' : 's'}`

/** Controls of both kinds, and what turns the direction of text around. */
const driving = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g

/** On one line, at most `most` UTF-16 units of it. */
export function printable(text: string, most = Number.POSITIVE_INFINITY): string {
  const line = text.replace(driving, ' ')
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

/** JSON in which what drives a terminal is escaped. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(driving, (found) =>
    found.replace(/[^\n]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )

const cellChars = 60

export function tableOf(names: readonly string[], rows: readonly Json[]): string[] {
  if (rows.length === 0) return []
  const cells = [names.map((name) => name.toUpperCase()), ...rows.map((row) => names.map((name) => cell(row[name])))]
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  return cells.map((line) => `  ${line.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}

const cell = (value: unknown): string =>
  Array.isArray(value) ? String(value.length) : value === undefined || value === null ? '-' : printable(String(value), cellChars)

export interface Progress {
  /** One line that is written over while it runs; silent where nobody watches. */
  show(text: string): void
  /** That something waits, and why: also where nobody watches, once each time. */
  wait(why: string): void
  end(): void
}

const showEveryMs = 100

export function createProgress(): Progress {
  const shown = process.stderr.isTTY === true
  const over = (text: string) => process.stderr.write(`\r\u001b[K${text}`)
  let last = 0
  let waiting = ''
  return {
    show(text) {
      waiting = ''
      if (!shown || Date.now() - last < showEveryMs) return
      last = Date.now()
      over(text)
    },
    wait(why) {
      if (shown) over(why)
      else if (why !== waiting) note(why)
      waiting = why
    },
    end() {
      if (shown) over('')
    },
  }
}
