import { RunScreens } from '../../frame/screens.tsx'

export function Detail() {
  return (
    <section aria-label="Detail" className="flex-1 p-8">
      <RunScreens />
      <p className="text-soft">The tree of the run will stand here.</p>
    </section>
  )
}
