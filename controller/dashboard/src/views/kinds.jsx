// Objects of any kind, as the controller's own columns show them: nothing here knows a kind.
import { collectionPath, table } from '../lib/api.js'
import { useAsked } from '../lib/asked.js'
import { clock, collection, isKind, kindOf, kinds } from '../lib/fleet.js'
import { href, objectHref, setParams } from '../lib/route.js'
import { pressed, sorted } from '../model/table.js'
import { NoKind, Refusal, Search } from '../ui.jsx'

const ROWS_MAX = 500
const AGAIN_MS = 5000

// The table of a kind, asked for again when something of the kind has changed, and now and then: ages and readings are no changes.
function useTable(plural, selector) {
  const version = collection(plural).version.value
  const ask = (signal) => table(collectionPath(plural), { labelSelector: selector, limit: ROWS_MAX }, signal)
  const { value, failure } = useAsked(`${plural} ${selector ?? ''}`, `${version} ${Math.floor(clock.value / AGAIN_MS)}`, ask)
  const { columns = [], rows = [], next } = value ?? {}
  return { columns, rows, next, failure }
}

export function Kinds({ path, params }) {
  const plural = path[0] ?? kinds.value[0]?.plural
  return (
    <>
      <h1 class="unseen">Objects{plural && `: ${kindOf(plural)}`}</h1>
      <nav class="tabs" aria-label="Kinds">
        {[...kinds.value, { plural: 'events', kind: 'Event' }].map((kind) => (
          <a href={href(['kinds', kind.plural])} aria-current={kind.plural === plural ? 'page' : undefined}>
            {kind.kind}
          </a>
        ))}
      </nav>
      {plural && kinds.value.length > 0 && (isKind(plural) ? <Table plural={plural} params={params} /> : <NoKind plural={plural} />)}
    </>
  )
}

// The title of a column; a press sorts by it, another one the other way round, a third as the controller has it.
function Title({ name, description, sort }) {
  const way = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : undefined
  return (
    <th scope="col" title={description} aria-sort={way}>
      <button class="title" onClick={() => setParams({ sort: pressed(sort, name) })}>
        {name}
        <span aria-hidden="true">{way ? (way === 'ascending' ? ' ▲' : ' ▼') : ''}</span>
      </button>
    </th>
  )
}

function Table({ plural, params }) {
  const { columns, rows, next, failure } = useTable(plural, params.labels)
  const shown = columns.map((column, index) => ({ ...column, index })).filter(({ priority }) => priority === 0 || params.wide)
  const query = (params.q ?? '').toLowerCase()
  const matching = sorted(rows, columns, params.sort).filter(({ cells }) => query === '' || cells.some((cell) => String(cell).toLowerCase().includes(query)))
  return (
    <>
      <Search params={params} placeholder="any column">
        <label>
          <input type="checkbox" checked={Boolean(params.wide)} onChange={(event) => setParams({ wide: event.target.checked ? 1 : '' })} /> all columns
        </label>
      </Search>
      <Refusal failure={failure} />
      <div class="scrolled">
        <table class="objects">
          <thead>
            <tr>
              {shown.map(({ name, description }) => (
                <Title {...{ name, description }} sort={params.sort} />
              ))}
            </tr>
          </thead>
          <tbody>
            {matching.map(({ cells }) => (
              <tr key={cells[0]}>
                {shown.map(({ index }) => (
                  <td>{index === 0 ? <a href={objectHref(plural, cells[0])}>{cells[0]}</a> : String(cells[index] ?? '')}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {columns.length > 0 && matching.length === 0 && <p class="quiet">nothing of that kind{query || params.labels ? ' that matches' : ''}</p>}
      {next && <p class="quiet">only the first {ROWS_MAX} are shown: select by labels</p>}
    </>
  )
}
