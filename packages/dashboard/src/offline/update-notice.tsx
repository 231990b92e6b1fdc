import { loadNewVersion, useUpdate } from './updates.ts'

export function UpdateNotice() {
  const { ready } = useUpdate()
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 bottom-4 z-40 flex justify-center">
      {ready && (
        <p className="pointer-events-auto flex items-center gap-3 rounded-full border border-line bg-raised py-1.5 pr-1.5 pl-4 shadow-lg">
          A new version is ready
          <button
            type="button"
            onClick={() => void loadNewVersion()}
            className="rounded-full border border-accent bg-accent/15 px-3 py-0.5 text-accent"
          >
            Reload
          </button>
        </p>
      )}
    </div>
  )
}
