import { RunScreens } from '../../frame/screens.tsx'

export function Graph() {
  return (
    <section aria-label="Graph" className="flex-1 p-8">
      <RunScreens />
      <p className="text-soft">The graph of the run will stand here.</p>
    </section>
  )
}
