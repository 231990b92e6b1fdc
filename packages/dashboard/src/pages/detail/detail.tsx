import { useParams } from '@tanstack/react-router'
import { Opened } from '../lanes/opened.tsx'
import { Shown } from './shown.tsx'

/** One run as a tree with its timeline; what is selected is told by the inspector beside it. */
export function Detail() {
  const { run: id } = useParams({ from: '/runs/$run/tree' })
  // Another run is another page: nothing of what is open or selected is carried over.
  return (
    <Opened key={id} id={id}>
      {(opened) => <Shown {...opened} />}
    </Opened>
  )
}
