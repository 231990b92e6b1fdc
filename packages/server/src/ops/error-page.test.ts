import { refusals } from '@signalbox/model/refusals.ts'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { problemOf, Refused } from '../http/problem.ts'
import { errorPage } from './error-page.ts'

test("a problem's type leads to what its code means and what to do, on a page that runs nothing", async () => {
  const app = Fastify()
  await app.register(errorPage)
  for (const code of Object.keys(refusals) as (keyof typeof refusals)[]) {
    const [path = '', anchor = ''] = problemOf(new Refused({ code, detail: '' }), '1').problem.type.split('#')
    const { statusCode, headers, body } = await app.inject(path)
    expect(statusCode).toBe(200)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(body).toContain(`id="${anchor}"`)
    expect(body).toContain(refusals[code].means.replaceAll('"', '&#34;').replaceAll('<', '&#60;').replaceAll('>', '&#62;'))
  }
  await app.close()
})
