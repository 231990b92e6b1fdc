export function Explore() {
  return (
    <section aria-label="Explore" className="flex-1 p-8">
      <p className="text-soft">The figures will stand here.</p>
    </section>
  )
}
