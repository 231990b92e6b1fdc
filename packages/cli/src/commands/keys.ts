/** `signalbox keys`: made, listed and revoked in the database itself, so that the first key needs no key. */
import type { Scope } from '@signalbox/server/http.ts'
import { createKeys, isTenant, scopes } from '@signalbox/server/ops/auth.ts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { Failure } from '../failure.ts'
import { withDatabase } from './database.ts'
import { note, printable, say, tableOf } from './terminal.ts'

const usualScopes: readonly Scope[] = ['ingest', 'read']

export function addKeys(program: Command) {
  const keys = program.command('keys').description('API keys, needed once the server listens beyond loopback')
  keys
    .command('create')
    .description('make a key and print it; it is shown only once')
    .argument('<name>', 'what it is for')
    .addOption(
      new Option('--scope <scopes>', `what it may do, separated by commas: ${scopes.join(', ')}`)
        .argParser(scopesOption)
        .default(usualScopes, usualScopes.join()),
    )
    .addOption(
      new Option('--tenant <tenant>', 'whose events it sends and reads; a name that is new makes a tenant')
        .argParser(tenantOption)
        .default('default'),
    )
    .action(async (name: string, { scope, tenant }: { scope: readonly Scope[]; tenant: string }) => {
      const made = await withDatabase((pool) => createKeys(pool).create(name, scope, tenant))
      note(`key ${made.id} of tenant ${tenant} (${scope.join(', ')}). Keep it now: it is stored hashed and never shown again.`)
      say(made.key)
    })
  keys
    .command('list')
    .description('list the keys, without their secrets')
    .action(async () => {
      const all = await withDatabase((pool) => createKeys(pool).list())
      const rows = all.map(({ id, tenant, name, scopes: may, createdAt, revokedAt }) => ({
        id,
        tenant,
        name,
        may: may.join(' '),
        created: new Date(createdAt).toISOString(),
        revoked: revokedAt === undefined ? undefined : new Date(revokedAt).toISOString(),
      }))
      for (const line of rows.length === 0 ? ['There are no keys.'] : tableOf(['id', 'tenant', 'name', 'may', 'created', 'revoked'], rows))
        say(line)
    })
  keys
    .command('revoke')
    .description('end a key; a running server obeys within seconds')
    .argument('<id>', 'its id, as listed')
    .action(async (id: string) => {
      const done = await withDatabase((pool) => createKeys(pool).revoke(id))
      if (!done) throw new Failure('usage', `There is no key ${id} in force.`, 'List them with: signalbox keys list')
      say(`Key ${printable(id)} is revoked.`)
    })
}

const isScope = (text: string): text is Scope => (scopes as readonly string[]).includes(text)

function tenantOption(text: string): string {
  if (!isTenant(text))
    throw new InvalidArgumentError('A tenant has 1 to 64 letters, digits, dots, dashes and underscores; "signalbox" is the server’s own.')
  return text
}

function scopesOption(text: string): readonly Scope[] {
  const named = text.split(',').map((scope) => scope.trim())
  if (!named.every(isScope)) throw new InvalidArgumentError(`A scope is one of ${scopes.join(', ')}; several are separated by commas.`)
  return [...new Set(named)]
}
