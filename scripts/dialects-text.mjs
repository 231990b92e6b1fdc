/** What docs/doors/dialects.md says beside its tables. */
export const dialectsText = `
Spans that come by OTLP ([otlp.md](otlp.md)) or from a file ([import](../imports/otlp.md)) are read whatever instrumentation wrote them. Which attribute means what is one table, \`packages/server/src/ingest/otlp/spans/aliases.ts\`; this page is made from it. A name of a newer version is a line there.

## What becomes of a trace

- **Each span is one event** at its end, with all that it says: what has a field has that, the rest is in \`data.attributes\` as it was sent. Texts are cut after 2,000 characters, lists after 100 items, all of it after 800 values, and \`data.clipped\` names what was cut. What is derived beside (a run's start, whose a call is) carries \`data.derived\`.
- **The trace is the run**, from the start of its root to its end. Of Claude Code the session is.
- **An agent** is named by its name, else its id, after its service: \`<service.name>/<agent>\`. Calls under no agent are those of the service itself, which is then an agent of its own name.
- **An agent's span is a task** of its. It was given by the nearest agent above: \`task.created\` with its parent, \`task.assigned\` from one to the other. One that stays silent for a quarter of an hour (three times \`intervalMs\`) is taken for lost.
- **Calls are counted where they are made.** What agents and workflows sum up is \`data.reported\`, never added. Input is all of it, cached tokens too; a sender that counts more cached tokens than tokens is taken to count them apart.
- **A call whose agent is above it** is told without one, and \`llm.attributed\` or \`tool.attributed\` tells whose it is as soon as that is certain: when the agent's span has come, or all spans up to the root have. One event tells it of up to a hundred calls (\`data.calls\`; of one alone \`data.call\`). Children end before their parents, so a long-lived agent shows with its calls only once it ends, unless its spans name it (\`gen_ai.agent.name\` on each).
- **An exception by which a framework moves on** (LangGraph's \`ParentCommand\` and interrupts) fails nothing, whatever the status says; \`data.movedOn\` has the message.

## Limits

- Exporters send a span when it ends. An agent that is killed never sends its own; its calls count for the run, and for the service once the trace has been quiet for a quarter of an hour.
- **A parent that never comes** (it is sent elsewhere, filtered, or was lost): after a quarter of an hour without a span of the trace the topmost spans that came are taken for its roots. Calls without an agent are then their service's, and the run is over at the last end. What comes later is told as ever, but moves neither. A server that is restarted within that quarter of an hour forgets which runs it had to end: such a run stays \`running\`, and such calls without an agent.
- **What is remembered** is bounded by tenant: 5,000 traces and 100,000 spans; the trace that was longest without a span is forgotten first. All tenants together have 250,000 spans; beyond that the tenant with the most loses first. \`signalbox_spans_forgotten_total\` counts the spans that then still waited for a parent.
- **Two instrumentations of one call** (a framework's span around the model's own): of an \`llm\` span with another one directly within, neither tool nor agent between, one counts, the inner one unless the outer one had been told before. The other is \`custom.otlp.llm\`. Two of them in the wrong order with a third span between that comes last are both counted, and so are two that come before and after a restart of the server.
- **The same span again** is a duplicate. With other content and the same end it is refused by name (\`ID_REUSED\`); with another end it is another event: a call closes once, a task shows a contradiction.
- A span that ends before it starts takes no time (\`data.endedBeforeStart\`). Clocks of several machines are not put right: a delegation may begin before its manager did.
- A call to an agent in another service has two spans, the caller's and the worker's: where both are called \`invoke_agent\` and only the worker runs, the caller's is an agent of the caller's service beside it.
- An agent's name decides, so several instances of one name in one service are one agent.
- Of a trace with several roots the first that comes ends the run.
- Costs are the senders' (\`gen_ai.usage.cost\`, \`llm.cost.total\`, Langfuse); no prices are looked up.
- Claude Code: with \`signalbox.agents=by-id\` among its resource's attributes, its logs leave subagents to its spans, which know their ids.
`
  .trim()
  .split('\n')
  .concat('')
