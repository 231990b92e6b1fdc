/** The groups as a table: sorted by any column, narrowed by a press, beside the time before. */
import { useSearch } from '../../search.ts'
import { whole } from '../../text.ts'
import { Swatch } from './chart.tsx'
import { groupLooks } from './colours.ts'
import { type Column, columns, columnsOf, sorted } from './columns.ts'
import { type Explored, filterNames, type Split, type Sums } from './figures.ts'
import { mostLines } from './series.ts'
import { change, nameOf, ofSplit } from './words.ts'

interface GroupsProps {
  readonly split: Split
  readonly found: Explored
  readonly earlier: Explored | undefined
}

export function Groups({ split, found, earlier }: GroupsProps) {
  const [search, setSearch] = useSearch()
  const shown = columnsOf(split)
  const rows = sorted(found.groups, search.sort).filter(({ errors }) => !search.errors || errors > 0)
  const before = new Map(earlier?.groups.map((group) => [group.key, group]))
  const filter = filterNames.find((name) => name === split)
  const press = (name: string) => {
    // Figures begin with the greatest, names with A.
    const first = name === 'name' ? name : `-${name}`
    const second = name === 'name' ? '-name' : name
    setSearch({ sort: search.sort === first ? second : search.sort === second ? '' : first })
  }
  const head = (name: string, title: string) => {
    const down = search.sort === `-${name}`
    const up = search.sort === name
    return (
      <th
        key={name}
        scope="col"
        aria-sort={down ? 'descending' : up ? 'ascending' : 'none'}
        className={`px-3 py-1.5 font-normal ${name === 'name' ? 'text-left' : 'text-right'}`}
      >
        <button type="button" onClick={() => press(name)} className={`hover:text-ink ${down || up ? 'text-ink' : ''}`}>
          {title}
          <span aria-hidden="true" className="inline-block w-3 text-right">
            {down ? '↓' : up ? '↑' : ''}
          </span>
        </button>
      </th>
    )
  }
  return (
    <section aria-label={`By ${ofSplit[split]}`} className="overflow-x-auto rounded-lg border border-line bg-panel">
      <table className="w-full tabular-nums">
        <thead className="border-b border-line text-xs text-faint">
          <tr>
            {head('name', `${ofSplit[split][0]?.toUpperCase() ?? ''}${ofSplit[split].slice(1)}`)}
            {shown.map((name) => head(name, split === 'type' ? 'Events' : columns[name].name))}
          </tr>
        </thead>
        <tbody>
          {rows.map((group) => {
            const { key } = group
            const line = found.groups.indexOf(group)
            const chosen = filter !== undefined && search[filter] === key
            const look = groupLooks[line]
            return (
              <tr key={key} className={`border-t border-line first:border-t-0 hover:bg-raised ${chosen ? 'bg-accent/10' : ''}`}>
                <th scope="row" className="max-w-72 px-3 py-1.5 text-left font-normal">
                  <span className="flex items-center gap-2">
                    {line < mostLines && look !== undefined ? <Swatch look={look} /> : <span className="w-4 shrink-0" />}
                    {filter === undefined || key === '' ? (
                      <span className={`truncate ${key === '' ? 'text-soft italic' : ''}`}>{nameOf(split, key)}</span>
                    ) : (
                      <button
                        type="button"
                        aria-pressed={chosen}
                        title={`Only ${nameOf(split, key)}`}
                        onClick={() => setSearch({ [filter]: chosen ? '' : key })}
                        className="truncate text-left hover:text-accent"
                      >
                        {nameOf(split, key)}
                      </button>
                    )}
                    {split === 'agent' && key !== '' && (
                      <button
                        type="button"
                        aria-pressed={search.sel === `agent:${key}`}
                        aria-label={`Inspect ${nameOf(split, key)}`}
                        title="Inspect"
                        onClick={() => setSearch({ sel: search.sel === `agent:${key}` ? '' : `agent:${key}` })}
                        className="ml-auto shrink-0 rounded px-1.5 text-faint hover:text-ink aria-pressed:text-accent"
                      >
                        <span aria-hidden="true">⧉</span>
                      </button>
                    )}
                  </span>
                </th>
                {shown.map((name) => (
                  <Cell
                    key={name}
                    column={columns[name]}
                    sums={group}
                    before={earlier === undefined ? undefined : before.get(key)}
                    compares={earlier !== undefined}
                  />
                ))}
              </tr>
            )
          })}
          {found.other !== undefined && (
            <tr className="border-t border-line text-soft">
              <th scope="row" className="px-3 py-1.5 pl-9 text-left font-normal">
                {whole(found.other.groups)} more
              </th>
              {shown.map((name) => (
                <Cell key={name} column={columns[name]} sums={found.other} before={earlier?.other} compares={earlier !== undefined} />
              ))}
            </tr>
          )}
        </tbody>
      </table>
      {rows.length === 0 && (
        <p className="px-3 py-6 text-center text-soft">
          {search.errors && found.groups.length > 0
            ? `None of ${found.groups.length} failed in this time.`
            : `No ${ofSplit[split]} in this time.`}
        </p>
      )}
    </section>
  )
}

interface CellProps {
  readonly column: Column
  readonly sums: Sums | undefined
  readonly before: Sums | undefined
  readonly compares: boolean
}

function Cell({ column: { of, say, isCost, isCounted }, sums, before, compares }: CellProps) {
  const value = sums === undefined ? null : of(sums)
  return (
    <td className="whitespace-nowrap px-3 py-1.5 text-right">
      {value === null ? <span className="text-faint">–</span> : say(value)}
      {compares && (
        <Change
          now={value}
          before={before === undefined ? null : of(before)}
          isCost={isCost ?? false}
          isCounted={isCounted ?? false}
          say={say}
        />
      )}
    </td>
  )
}

interface ChangeProps {
  readonly now: number | null
  readonly before: number | null
  readonly isCost: boolean
  /** Of nothing before it is said that it is new. */
  readonly isCounted?: boolean
  readonly say: (value: number) => string
}

/** Worse is not only red: it has a sign, and what it was. */
export function Change({ now, before, isCost, isCounted = false, say }: ChangeProps) {
  const moved = change(now, before)
  const isWorse = isCost && moved?.startsWith('+') === true
  return (
    <span
      className={`ml-2 inline-block text-right text-xs [td>&]:min-w-12 ${moved === undefined ? 'text-faint' : isWorse ? 'text-bad' : isCost && moved.startsWith('−') ? 'text-good' : 'text-soft'}`}
      title={before === null || before === 0 ? 'Nothing before' : `${say(before)} before`}
    >
      {moved ?? (isCounted && now !== null && now > 0 && (before === null || before === 0) ? 'new' : '')}
    </span>
  )
}
