import { type FormEvent, useState } from 'react'
import { heldKey, tryKey } from '../live/key.ts'

/** Shown in place of a screen when the server asks for a key. The page loads again with it, at the same address. */
export function KeyEntry() {
  const [wrong, setWrong] = useState(() => (heldKey() === undefined ? undefined : 'The server no longer takes the key of this tab.'))
  const [trying, setTrying] = useState(false)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const key = new FormData(event.currentTarget).get('key')
    setTrying(true)
    const problem = await tryKey(typeof key === 'string' ? key : '')
    setTrying(false)
    if (problem === undefined) location.reload()
    else setWrong(problem)
  }
  return (
    <section aria-label="Key" className="mx-auto mt-20 w-full max-w-xl px-6">
      <h2 className="text-xl font-semibold">This server asks for a key</h2>
      <p className="mb-6 mt-2 text-soft">
        Paste a key with the scope “read”. It is kept in this tab until you close it, sent as a header and never put in an address. Make one
        where the server runs:
      </p>
      <code className="mb-6 block break-all rounded-md border border-line bg-raised p-3 font-mono text-xs">
        npm run -s signalbox -- keys create dashboard --scope read
      </code>
      <form onSubmit={submit} className="flex gap-2">
        <input
          name="key"
          type="password"
          aria-label="Read key"
          aria-invalid={wrong !== undefined}
          aria-describedby="key-problem"
          placeholder="sbx_…"
          autoComplete="off"
          spellCheck={false}
          className="min-w-0 flex-1 rounded-md border border-line bg-panel px-2.5 py-1.5 font-mono placeholder:text-faint"
        />
        <button type="submit" disabled={trying} className="rounded-md border border-accent bg-accent/15 px-3 py-1.5 text-accent">
          {trying ? 'trying …' : 'Open'}
        </button>
      </form>
      <p id="key-problem" role="alert" className="mt-3 text-bad">
        {wrong}
      </p>
    </section>
  )
}
