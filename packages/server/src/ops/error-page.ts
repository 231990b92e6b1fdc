/** What a problem's `type` leads to: every code, what it means and what to do, at `/docs/errors#CODE`. */
import { refusals } from '@signalbox/model/refusals.ts'
import type { FastifyPluginAsync } from 'fastify'

const policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const escaped = (text: string) => text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`)

const entries = Object.entries(refusals).map(
  ([code, { status, means, hint, retryable }]) =>
    `<h2 id="${code}">${code}</h2>
<p>${escaped(means)} HTTP ${status}.</p>
<p>${escaped(hint)} ${retryable ? 'Sending the same again later can succeed.' : 'Sending the same again cannot succeed.'}</p>`,
)
const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Signalbox: errors</title>
<h1>Errors</h1>
<p>Every refusal carries one of these codes. They do not change.</p>
${entries.join('\n')}
</html>
`

export const errorPage: FastifyPluginAsync = async (app) => {
  app.get('/docs/errors', { schema: { hide: true } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', policy).header('cache-control', 'no-cache').send(page),
  )
}
