/** Bodies as their senders write them, cut to what matters; times are of now, so that they are within the retention. */
const base = Date.now() - 120_000
export const at = (seconds: number): string => `${new Date(base + seconds * 1_000).toISOString().slice(0, 19)}Z`

const repository = { id: 1, full_name: 'acme/fleet', private: true }
export const workflowRun = (action: string, conclusion: string | null, id = 4_001) => ({
  action,
  workflow_run: {
    id,
    name: 'CI',
    run_number: 17,
    run_attempt: 1,
    status: action === 'completed' ? 'completed' : 'queued',
    conclusion,
    head_branch: 'main',
    html_url: `https://github.com/acme/fleet/actions/runs/${id}`,
    created_at: at(0),
    updated_at: at(60),
    actor: { login: 'octocat' },
  },
  workflow: { id: 2, name: 'CI' },
  repository,
})
export const workflowJob = (action: string, conclusion: string | null, id = 5_001) => ({
  action,
  workflow_job: {
    id,
    run_id: 4_001,
    name: 'build',
    status: action,
    conclusion,
    runner_name: action === 'queued' ? null : 'runner-3',
    created_at: at(1),
    started_at: at(2),
    completed_at: action === 'completed' ? at(50) : null,
    html_url: 'https://github.com/acme/fleet/actions/runs/4001/job/5001',
  },
  repository,
})

export const linearIssue = (action: string, state: string, seconds: number) => ({
  action,
  type: 'Issue',
  createdAt: at(seconds),
  data: {
    id: 'b6d0ee8e-3c63-4d7a-9a2a-2f5d3a7b9c11',
    identifier: 'FLT-12',
    title: 'Teach the fleet',
    state: { id: 's', name: state, type: state },
    assignee: { id: 'u', name: 'Ada' },
    team: { id: 't', key: 'FLT' },
    updatedAt: at(seconds),
  },
  url: 'https://linear.app/acme/issue/FLT-12',
  webhookTimestamp: Date.parse(at(seconds)),
})

export const jiraIssue = (event: string, category: string, seconds: number) => ({
  timestamp: Date.parse(at(seconds)),
  webhookEvent: `jira:issue_${event}`,
  issue: {
    id: '10002',
    key: 'OPS-7',
    fields: {
      summary: 'Restart the fleet',
      project: { key: 'OPS' },
      assignee: { displayName: 'Grace' },
      status: { name: category, statusCategory: { key: category } },
    },
  },
})

export const alerts = (...list: readonly { readonly status: string; readonly name: string; readonly agent?: string }[]) => ({
  version: '4',
  groupKey: '{}:{alertname="Slow"}',
  status: 'firing',
  receiver: 'signalbox',
  alerts: list.map(({ status, name, agent }, i) => ({
    status,
    labels: { alertname: name, severity: 'page', ...(agent === undefined ? {} : { agent }) },
    annotations: { summary: `${name} is on` },
    startsAt: at(0),
    endsAt: status === 'resolved' ? at(30) : '0001-01-01T00:00:00Z',
    fingerprint: `f${i}-${name}`,
  })),
})
