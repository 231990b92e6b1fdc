/** Paths that are served, and the methods each takes: a wrong method is told from a wrong path. */
import type { RefusedInit } from './problem.ts'

export interface Paths {
  add(pattern: string, methods: string | readonly string[]): void
  /** For a request that no route takes. */
  refusal(method: string, path: string): RefusedInit
}

export function createPaths(): Paths {
  const known = new Map<string, { readonly path: RegExp; readonly methods: Set<string> }>()
  return {
    add(pattern, methods) {
      // What takes every path makes none known.
      if (pattern.includes('*')) return
      const held = known.get(pattern) ?? {
        path: new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`),
        methods: new Set(),
      }
      for (const method of [methods].flat()) held.methods.add(method)
      known.set(pattern, held)
    },
    refusal(method, path) {
      const allow = [...new Set([...known.values()].flatMap((one) => (one.path.test(path) ? [...one.methods] : [])))]
      const shown = path.slice(0, 200)
      // A part that is longer than any may be is found by no route of its own method either.
      return allow.length === 0 || allow.includes(method)
        ? { code: 'NOT_FOUND', detail: `There is no ${method} ${shown}.` }
        : { code: 'METHOD_NOT_ALLOWED', detail: `${shown} takes ${allow.join(' and ')}, not ${method}.`, allow }
    },
  }
}
