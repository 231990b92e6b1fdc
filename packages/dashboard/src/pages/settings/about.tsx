import { useQuery } from '@tanstack/react-query'
import { useConnection } from '../../live/connection.ts'
import { heldKey } from '../../live/key.ts'
import { fetchJson } from '../../live/live.ts'
import { useRate } from '../../live/schedule.ts'
import type { Role } from '../../live/worker/messages.ts'
import { loadNewVersion, useUpdate } from '../../offline/updates.ts'
import { whole } from '../../text.ts'
import { button, Card, Fact } from './parts.tsx'

const transports = { ws: 'WebSocket', sse: 'server-sent events', poll: 'long poll' } as const

function partOf({ role, tabs, silent }: Role): string {
  if (role === 'alone') return 'its own connection'
  const shared = `one connection for ${whole(tabs)} ${tabs === 1 ? 'tab' : 'tabs'}`
  if (role === 'leader') return `leader: holds ${shared}`
  return silent ? 'follower: hears nothing of the tab that is connected' : `follower: shares ${shared}`
}

export function Transport() {
  const { status, online, role, dropped, gaps } = useConnection()
  const { rate } = useRate()
  return (
    <Card>
      <dl className="divide-y divide-line">
        <Fact name="Transport">{status.state === 'open' ? transports[status.transport] : online ? 'not connected' : 'offline'}</Fact>
        <Fact name="This tab">{partOf(role)}</Fact>
        <Fact name="Changes are shown" about="Lowered by itself while frames take too long, or nobody looks.">
          up to {rate} times a second
        </Fact>
        {(gaps > 0 || dropped > 0) && (
          <Fact name="Events left out of this page">
            {whole(gaps)} {gaps === 1 ? 'gap' : 'gaps'}, {whole(dropped)} because it was busy
          </Fact>
        )}
        <Fact name="This machine’s clock, against the server’s">
          {Math.abs(status.clockOffsetMs) < 50
            ? 'the same'
            : `${whole(Math.abs(Math.round(status.clockOffsetMs)))} ms ${status.clockOffsetMs > 0 ? 'behind' : 'ahead'}`}
        </Fact>
        <Fact name="Key">{heldKey() === undefined ? 'none needed' : 'held by this tab until it is closed'}</Fact>
      </dl>
    </Card>
  )
}

interface Info {
  readonly version: string
  readonly epoch: string
  readonly retentionDays: number
}

export function About() {
  const { data: info } = useQuery({ queryKey: ['info'], queryFn: () => fetchJson<Info>('/v1/info'), retry: false })
  const { ready } = useUpdate()
  return (
    <Card>
      <dl className="divide-y divide-line">
        <Fact name="Server">{info === undefined ? 'not reached' : info.version}</Fact>
        <Fact name="Page">
          {__VERSION__}
          {ready && (
            <button type="button" className={`${button} ml-3`} onClick={() => void loadNewVersion()}>
              Load the new version
            </button>
          )}
        </Fact>
        {info !== undefined && <Fact name="Events are kept for">{info.retentionDays} days</Fact>}
        {info !== undefined && (
          <Fact name="Epoch of the log">
            <span className="font-mono text-xs">{info.epoch}</span>
          </Fact>
        )}
      </dl>
      <p className="flex flex-wrap gap-4 px-4 py-2.5">
        <a href="/openapi.json" className="text-accent hover:underline">
          API
        </a>
        <a href="/docs/errors" className="text-accent hover:underline">
          Errors
        </a>
        <a href="/metrics" className="text-accent hover:underline">
          Metrics
        </a>
      </p>
    </Card>
  )
}
