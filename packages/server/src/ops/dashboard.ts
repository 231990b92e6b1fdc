/** The dashboard's files, and the one page for all its addresses, under a policy that lets no foreign script or page in. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'
import { Refused } from '../http/problem.ts'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Whoever asks for the API by a wrong path must not get a page. */
const isApi = /^\/+v\d+(\/|$)/i

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
        setHeaders(reply, path) {
          reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
        },
      })
    }
    app.get('/*', { schema: { hide: true } }, async (request, reply) => {
      const path = request.url.split('?')[0] ?? ''
      const isFile = /\.\w+$/.test(path)
      if (isApi.test(path)) return reply.callNotFound()
      if (isFile && !built) throw new Refused({ code: 'NOT_FOUND', detail: `There is no ${path.slice(0, 200)}.` })
      if (isFile) return reply.sendFile(path)
      if (!built) return reply.type('text/plain').send('The dashboard is not built. Start with: npm start\nThe API is at /openapi.json.\n')
      return reply.header('content-security-policy', policy).header('cache-control', 'no-cache').sendFile('index.html')
    })
  }
