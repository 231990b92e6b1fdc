import { taskStates } from '@signalbox/model/rows.ts'
import { useNow } from '../../live/live.ts'
import { age, compact, dateTime, dollars, visible, whole } from '../../text.ts'
import { Badge, runLook, taskLook } from '../status.tsx'
import { Acknowledge } from './acknowledge.tsx'
import { Field, Heading, Trouble } from './fields.tsx'
import { useHeld } from './held.ts'
import { Links } from './links.tsx'

export function RunDetail({ id }: { readonly id: string }) {
  const run = useHeld('runs', id)
  const now = useNow()
  if (run === undefined) return <p className="text-faint">No run “{visible(id)}” is known here.</p>
  const { totals } = run
  const end = run.finishedAt ?? (run.state === 'running' ? now : run.lastEventAt)
  const failed = run.tasks.failed + run.tasks.rejected
  return (
    <>
      <h3 className="mb-1 break-words text-base font-semibold">{visible(run.name?.value ?? run.id)}</h3>
      <p className="mb-3">
        <Badge look={runLook(run.state)} />
      </p>
      {run.error !== undefined && <Trouble text={run.error} />}
      {(run.state === 'failed' || failed > 0 || totals.errors > 0) && <Acknowledge subject={`run:${id}`} />}
      <Links run={id} sel={`run:${id}`} />
      <dl>
        <Field name="Id">{visible(run.id)}</Field>
        <Field name="Started">{dateTime(run.startedAt)}</Field>
        {run.finishedAt !== undefined && <Field name="Ended">{dateTime(run.finishedAt)}</Field>}
        <Field name="Took">{age(end - run.startedAt)}</Field>
        <Field name="Agents">{whole(run.agents.length)}</Field>
        <Field name="Events">{whole(run.events)}</Field>
      </dl>
      <Heading>Spend</Heading>
      <dl>
        <Field name="Model calls">{whole(totals.llmCalls)}</Field>
        <Field name="Tool calls">{whole(totals.toolCalls)}</Field>
        <Field name="Failed calls">{whole(totals.errors)}</Field>
        <Field name="Tokens in / out">
          {compact(totals.inputTokens)} / {compact(totals.outputTokens)}
        </Field>
        <Field name="of which cached">{compact(totals.cacheReadTokens)}</Field>
        <Field name="Cost">{dollars(totals.costMicros)}</Field>
      </dl>
      <Heading>Tasks</Heading>
      <dl>
        {taskStates.flatMap((state) =>
          run.tasks[state] === 0
            ? []
            : [
                <Field key={state} name={taskLook(state).words}>
                  {whole(run.tasks[state])}
                </Field>,
              ],
        )}
      </dl>
    </>
  )
}
