/** Hooks of Claude Code around a tool, one a request as it sends them. */
import type { DoorRequests } from './door-request.ts'

const toolsOfSession = 500

export const claudeCode: DoorRequests = (nextId, sender) => {
  let made = 0
  let call = ''
  return () => {
    const isStart = made % 2 === 0
    if (isStart) call = `toolu_${nextId()}`
    made += 1
    const session = `${sender}-${Math.trunc(made / (2 * toolsOfSession))}`
    const hook = {
      session_id: session,
      cwd: '/home/dev/project',
      permission_mode: 'default',
      hook_event_name: isStart ? 'PreToolUse' : 'PostToolUse',
      tool_name: 'Bash',
      tool_use_id: call,
      tool_input: { command: 'npm test', description: 'Run the tests' },
      ...(isStart ? {} : { tool_response: { stdout: 'ok '.repeat(50), interrupted: false } }),
    }
    return {
      path: '/v1/hooks/claude-code',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(hook),
      events: 1,
      isCounted: false,
    }
  }
}
