/** The box that a filter is written in: it completes what is typed and says below what is wrong with it. */
import { type KeyboardEvent, type Ref, useEffect, useId, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { visible } from '../../text.ts'
import type { Asked } from './asked.ts'
import { complete, type Known, type Option } from './language/complete.ts'
import { parse } from './language/parse.ts'
import { isSame, split } from './language/server-part.ts'

/** What the page does is done as one types; another question to the server waits until one has paused. */
const pageMs = 150
const serverMs = 700

interface Props {
  readonly box: Ref<HTMLInputElement>
  readonly asked: Asked
  readonly known: Known
}

export function QueryBox({ box, asked, known }: Props) {
  const input = useRef<HTMLInputElement>(null)
  useImperativeHandle(box, () => input.current as HTMLInputElement)
  const id = useId()
  const [typed, setTyped] = useState<string>()
  const [caret, setCaret] = useState<number>()
  /** Asked for by key, before anything was typed. */
  const [all, setAll] = useState(false)
  const [active, setActive] = useState(-1)
  const text = typed ?? asked.text
  const options = useMemo(() => (caret === undefined ? [] : complete(text, caret, known, all)), [text, caret, known, all])
  const parsed = useMemo(() => parse(text), [text])
  const isOpen = options.length > 0
  const { set, server } = asked

  useEffect(() => {
    if (typed === undefined || !parsed.ok) return
    const timer = setTimeout(() => set(typed), isSame(split(parsed.query).server, server) ? pageMs : serverMs)
    return () => clearTimeout(timer)
  }, [typed, parsed, set, server])

  const close = () => {
    setCaret(undefined)
    setAll(false)
    setActive(-1)
  }
  const commit = () => {
    close()
    if (typed !== undefined) set(typed)
    setTyped(undefined)
  }
  const write = (next: string, at: number) => {
    setTyped(next)
    setCaret(at)
    setAll(false)
    setActive(-1)
  }
  // The caret goes where the next thing is written, before another key can come.
  const place = useRef<number>(undefined)
  useLayoutEffect(() => {
    if (place.current === undefined) return
    input.current?.setSelectionRange(place.current, place.current)
    place.current = undefined
  })
  const take = (option: Option) => {
    place.current = option.caret
    write(option.text, option.caret)
  }
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const { key, currentTarget } = event
    const chosen = options[active]
    if (key === 'ArrowDown' && !isOpen) {
      setCaret(currentTarget.selectionStart ?? text.length)
      setAll(true)
    } else if (key === 'ArrowDown' && isOpen) setActive((active + 1) % options.length)
    else if (key === 'ArrowUp' && isOpen) setActive(active <= 0 ? options.length - 1 : active - 1)
    else if ((key === 'Enter' || key === 'Tab') && isOpen && chosen !== undefined) take(chosen)
    else if (key === 'Enter') {
      commit()
      currentTarget.blur()
      return
    } else if (key === 'Escape') {
      if (isOpen) close()
      else currentTarget.blur()
      event.stopPropagation()
      return
    } else return
    event.preventDefault()
  }
  const problem = parsed.ok ? undefined : parsed.problem
  return (
    <div className="relative min-w-0 flex-1">
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label="Filter events"
        aria-expanded={isOpen}
        aria-controls={`${id}-options`}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 && isOpen ? `${id}-${active}` : undefined}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `${id}-problem`}
        placeholder={'Filter  /   e.g.  type:tool.* -type:agent.heartbeat "connection reset" duration>2s is:failed'}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={({ target }) => write(target.value, target.selectionStart ?? target.value.length)}
        onKeyDown={onKeyDown}
        onBlur={commit}
        className={`w-full rounded-md border bg-panel px-2.5 py-1 font-mono text-xs leading-5 placeholder:font-sans placeholder:text-faint ${problem !== undefined ? 'border-bad' : text === '' ? 'border-line' : 'border-accent'}`}
      />
      <div
        id={`${id}-options`}
        role="listbox"
        aria-label="What can be written here"
        hidden={!isOpen}
        className="absolute left-0 top-full z-20 mt-1 max-h-80 min-w-72 max-w-full overflow-auto rounded-md border border-line bg-raised py-1 shadow-xl"
      >
        {options.map((option, i) => (
          // The keys are the input's, as the pattern of a combobox has it.
          // biome-ignore lint/a11y/useKeyWithClickEvents: see above
          <div
            key={option.label}
            id={`${id}-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === active}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => take(option)}
            className={`flex cursor-pointer items-baseline gap-3 px-3 py-1 ${i === active ? 'bg-accent/15 text-ink' : 'text-soft hover:bg-accent/10'}`}
          >
            <span className="whitespace-nowrap font-mono text-xs">{visible(option.label)}</span>
            <span className="truncate text-xs text-faint">{option.about}</span>
          </div>
        ))}
      </div>
      {problem !== undefined && (
        <p
          id={`${id}-problem`}
          role="status"
          className="absolute left-0 top-full z-10 mt-1 max-w-full rounded-md border border-bad bg-panel px-2.5 py-1 text-xs text-bad shadow-lg"
          hidden={isOpen}
        >
          <span className="font-mono text-faint">
            {visible(text.slice(Math.max(0, problem.at - 12), problem.at))}
            <u className="text-bad decoration-wavy">
              {visible(text.slice(problem.at, problem.at + Math.max(1, problem.length)).slice(0, 40)) || '␣'}
            </u>
          </span>{' '}
          {visible(problem.message)}
        </p>
      )}
    </div>
  )
}
