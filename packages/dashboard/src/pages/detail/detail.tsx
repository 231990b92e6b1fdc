import { useParams } from '@tanstack/react-router'
import { useAway } from '../../live/connection.ts'
import { useFrozen } from '../../live/live.ts'
import { useRunRows, useRunStore } from '../../live/run.ts'
import { usePause } from '../../pause.ts'
import { Shown } from './shown.tsx'
import { NoRun } from './states.tsx'

/** One run as a tree with its timeline; what is selected is told by the inspector beside it. */
export function Detail() {
  const { run } = useParams({ from: '/runs/$run/tree' })
  // Another run is another page: nothing of what is open or selected is carried over.
  return <Run key={run} id={run} />
}

function Run({ id }: { readonly id: string }) {
  const { store, refused } = useRunStore(id)
  const { paused, toggle } = usePause()
  useFrozen(paused, store)
  const rows = useRunRows(store)
  const away = useAway()
  const [run] = rows.runs
  if (run === undefined) return <NoRun id={id} refused={refused} ready={rows.ready} away={away} />
  return <Shown run={run} rows={rows} paused={paused} toggle={toggle} />
}
