// Objects of any kind, as the controller's own columns show them: nothing here knows a kind.
import { collectionPath, table } from '../lib/api.js'
import { useAsked } from '../lib/asked.js'
import { collection, isKind, kindOf, kinds } from '../lib/fleet.js'
import { href, objectHref, setParams } from '../lib/route.js'
import { NoKind, Refusal, Search } from '../ui.jsx'

const ROWS_MAX = 500

// The table of a kind, asked for again when something of the kind has changed.
function useTable(plural, selector) {
  const version = collection(plural).version.value
  const ask = (signal) => table(collectionPath(plural), { labelSelector: selector, limit: ROWS_MAX }, signal)
  const { value, failure } = useAsked(`${plural} ${selector ?? ''}`, version, ask)
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

function Table({ plural, params }) {
  const { columns, rows, next, failure } = useTable(plural, params.labels)
  const shown = columns.map((column, index) => ({ ...column, index })).filter(({ priority }) => priority === 0 || params.wide)
  const query = (params.q ?? '').toLowerCase()
  const matching = rows.filter(({ cells }) => query === '' || cells.some((cell) => String(cell).toLowerCase().includes(query)))
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
                <th scope="col" title={description}>
                  {name}
                </th>
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
