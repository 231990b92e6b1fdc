/** Whether an answer may be so: its form by the document, its code by refusals.ts, nothing of somebody else's, no fault of ours. */
import { refusals } from '@signalbox/model/refusals.ts'
import { checker, type Document } from '@signalbox/server/api/testing.ts'
import type { Answered } from './ask.ts'
import type { Request } from './generate.ts'

/** In a sentence; undefined when nothing is wrong. */
export type Judge = (asked: Request, answered: Answered, secrets: readonly string[]) => string | undefined

export function createJudge(document: Document): Judge {
  const check = checker(document)
  return (asked, { status, headers, body }, secrets) => {
    const type = headers['content-type'] ?? ''
    const text = body.toString()
    const told = `${text}\n${JSON.stringify(headers)}`
    for (const secret of secrets) if (told.includes(secret)) return `it tells ${secret}`
    if (status >= 500 && status !== 503) return `it answers ${status}: ${text.slice(0, 300)}`
    if (/\bat .*\.(ts|js):\d+|node_modules|postgres:\/\//.test(text)) return 'it tells of its inside'
    if (asked.method === 'HEAD') return body.length > 0 ? 'HEAD has a body' : undefined
    if (asked.wrong !== undefined && status < 400) return `it takes a request in which ${asked.wrong}`
    if (status < 200 || (status >= 300 && status < 400)) return `it answers ${status}`
    let value: unknown = text
    try {
      if (/json/.test(type)) value = JSON.parse(text)
    } catch {
      return 'its body is no JSON'
    }
    const wrong = status >= 400 && type.startsWith('application/problem+json') ? wrongProblem(value, status) : undefined
    if (wrong !== undefined) return wrong
    return status >= 400 && !isDocumented(document, asked)
      ? undefined
      : wrongForm(() => check(asked.method.toLowerCase(), asked.path, status, type, value))
  }
}

function wrongProblem(value: unknown, status: number): string | undefined {
  const { code = '', status: told } = value as { readonly code?: string; readonly status?: number }
  if (!Object.hasOwn(refusals, code)) return `its code "${code}" is none of refusals.ts`
  const due = refusals[code as keyof typeof refusals].status
  return due === status && told === status ? undefined : `${code} comes as ${status}, and says ${told}; it is ${due}`
}

/** What has no such path or method is refused all the same; the document does not say how. */
function isDocumented({ paths }: Document, { method, path }: Request): boolean {
  const at = path.split('?')[0] ?? ''
  return Object.entries(paths).some(
    ([template, methods]) =>
      new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(at) && Object.hasOwn(methods, method.toLowerCase()),
  )
}

function wrongForm(check: () => unknown): string | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
