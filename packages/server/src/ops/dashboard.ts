/** The dashboard's files, and the one page for all its addresses, under a policy that lets no foreign script or page in. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'
import { Refused } from '../http/problem.ts'

const rules = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // No text becomes markup or script, whatever code of the page is handed it; `default` lets the page's own workers through (trusted.ts).
  "require-trusted-types-for 'script'",
  'trusted-types default',
]

/** What the page never asks for, nor whatever runs in it. */
const unused = 'accelerometer camera display-capture geolocation gyroscope hid magnetometer microphone midi payment serial usb'

/** Of the page and of each file: a worker lives under the policy that came with its own script. */
const safe = {
  'content-security-policy': rules.join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': unused
    .split(' ')
    .map((name) => `${name}=()`)
    .join(', '),
}

/** Whoever asks for the API by a wrong path must not get a page. */
const isApi = /^\/+(v\d+|api)(\/|$)/i
/** A run may be named like a file. */
const isFile = (path: string) => /\.\w+$/.test(path) && !/^\/runs\/(?!.*(\.\.|%2e|\\))/i.test(path)

export const dashboardFiles =
  ({ folder }: { readonly folder: string }): FastifyPluginAsync =>
  async (app) => {
    const built = existsSync(join(folder, 'index.html'))
    if (built) {
      await app.register(fastifyStatic, {
        root: folder,
        // Only what is asked for below: the page's addresses and its files share one route.
        serve: false,
        dotfiles: 'ignore',
        // Written by the build, `.br` and `.gz` beside each text: nothing is compressed while somebody waits.
        preCompressed: true,
        setHeaders(reply, path) {
          reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
          if (/[\\/]sw\.js(\.\w+)?$/.test(path)) reply.header('service-worker-allowed', '/')
        },
      })
    }
    app.get('/*', { schema: { hide: true } }, async (request, reply) => {
      const path = request.url.split('?')[0] ?? ''
      if (isApi.test(path)) return reply.callNotFound()
      const file = isFile(path)
      if (file && !built) throw new Refused({ code: 'NOT_FOUND', detail: `There is no ${path.slice(0, 200)}.` })
      if (!built) return reply.type('text/plain').send('The dashboard is not built. Start with: npm start\nThe API is at /openapi.json.\n')
      return reply.headers(safe).sendFile(file ? path : 'index.html')
    })
  }
