export function Pipeline() {
  return (
    <section aria-label="Pipeline" className="flex-1 p-8">
      <p className="text-soft">The health will stand here.</p>
    </section>
  )
}
