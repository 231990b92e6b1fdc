/** Hooks as Claude Code sends them: fields as captured from it. */
export const session = '5f1c2d3e-0000-4000-8000-000000000001'
export const run = `claude-code/${session}`
export const agent = (name: string) => `claude-code/5f1c2d3e/${name}`

export type HookBody = Readonly<Record<string, unknown>>

export const hook = (name: string, more: HookBody = {}): HookBody => ({
  session_id: session,
  transcript_path: '/home/a/.claude/projects/p/s.jsonl',
  cwd: '/home/a/spotter',
  permission_mode: 'default',
  hook_event_name: name,
  ...more,
})
const tool = (name: string, id: string, tool_name: string, tool_input: unknown, more: HookBody = {}) =>
  hook(name, { tool_name, tool_input, tool_use_id: id, ...more })

export const explorer = { agent_id: 'a793beae9fa532d0f', agent_type: 'Explore' }
const order = { description: 'Read the docs', prompt: 'Read all of it', subagent_type: 'Explore' }

/** A prompt, a command, an order to a subagent that asks for permission and fails once, a denied command, the end. */
export const story: readonly HookBody[] = [
  hook('UserPromptSubmit', { prompt: 'Fix the build' }),
  tool('PreToolUse', 'toolu_1', 'Bash', { command: 'make' }),
  tool('PostToolUse', 'toolu_1', 'Bash', { command: 'make' }, { tool_response: { stdout: 'ok', stderr: '' }, duration_ms: 1_200 }),
  tool('PreToolUse', 'toolu_2', 'Agent', order),
  hook('SubagentStart', explorer),
  tool('PreToolUse', 'toolu_3', 'WebFetch', { url: 'https://example.org' }, explorer),
  hook('PermissionRequest', { ...explorer, tool_name: 'WebFetch', tool_input: { url: 'https://example.org' } }),
  hook('Notification', { message: 'Claude needs your permission', notification_type: 'permission_prompt' }),
  tool(
    'PostToolUseFailure',
    'toolu_3',
    'WebFetch',
    { url: 'https://example.org' },
    { ...explorer, error: 'no network', is_interrupt: false },
  ),
  hook('SubagentStop', { ...explorer, last_assistant_message: 'Nothing there.', stop_hook_active: false }),
  tool('PostToolUse', 'toolu_2', 'Agent', order, { tool_response: { status: 'completed', agentId: explorer.agent_id, content: [] } }),
  tool('PreToolUse', 'toolu_4', 'Bash', { command: 'rm -rf /' }),
  hook('PostToolBatch', {
    tool_calls: [{ tool_name: 'Bash', tool_input: {}, tool_use_id: 'toolu_4', tool_response: 'This command requires approval' }],
  }),
  hook('PreCompact', { trigger: 'auto' }),
  hook('PostCompact', { trigger: 'auto', compact_summary: 'The build was fixed.' }),
  tool('PreToolUse', 'toolu_5', 'Bash', { command: 'sleep 9' }),
  hook('Stop', { stop_hook_active: false, last_assistant_message: 'Done.' }),
  hook('SessionEnd', { reason: 'prompt_input_exit' }),
]

export async function sendHook(
  url: string,
  body: HookBody | string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
) {
  const answer = await fetch(`${url}/v1/hooks/claude-code`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> }
}
