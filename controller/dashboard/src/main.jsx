// The page: a frame with the ways to the views, what the connection is like, and the view.
import classes from 'fog-reasons'
import { Component, render } from 'preact'
import { useEffect } from 'preact/hooks'
import './style.css'
import { clock, collection, heardAt, isStale, startFleet } from './lib/fleet.js'
import { href, route } from './lib/route.js'
import { duration } from './lib/time.js'
import { learnClasses } from './model/states.js'
import { Convergence } from './views/convergence.jsx'
import { Fleet } from './views/fleet.jsx'
import { Kinds } from './views/kinds.jsx'
import { ObjectView } from './views/object.jsx'
import { PlanView } from './views/plan.jsx'
import { Time } from './views/time.jsx'

// A row per view; the first is the one without an address.
const VIEWS = [
  { name: 'fleet', title: 'Fleet', draw: Fleet },
  { name: 'plan', title: 'Plan', draw: PlanView },
  { name: 'time', title: 'Time', draw: Time },
  { name: 'convergence', title: 'Convergence', draw: Convergence },
  { name: 'kinds', title: 'Objects', draw: Kinds },
]
const HIDDEN = [{ name: 'o', title: 'Object', draw: ObjectView }]

const viewOf = (name) => [...VIEWS, ...HIDDEN].find((view) => view.name === name) ?? VIEWS[0]

function Connection() {
  const phase = collection('agents').phase.value
  const silent = clock.value - heardAt.value
  const isLive = phase === 'live' && !isStale.value
  return (
    <p class={`connection ${isLive ? 'live' : 'stale'}`}>
      <span role="status">{isLive ? 'live' : isStale.value ? 'stale: no word from the controller' : 'connecting'}</span>
      {isStale.value && ` for ${duration(silent)}`}
    </p>
  )
}

// A view that breaks takes neither the page nor the others with it; another address tries anew.
class Guard extends Component {
  state = { error: null }

  componentDidCatch(error) {
    console.error(error)
    this.setState({ error })
  }

  componentDidUpdate({ address }) {
    if (address !== this.props.address && this.state.error) this.setState({ error: null })
  }

  render({ children }, { error }) {
    if (!error) return children
    return (
      <p role="alert">
        This view broke: {String(error.message ?? error)}. The others go on, and so does the fleet.
      </p>
    )
  }
}

function Frame() {
  const view = viewOf(route.value.path[0])
  const about = HIDDEN.includes(view) ? route.value.path[2] : undefined
  useEffect(() => {
    document.title = [about, view.title, 'Fog'].filter(Boolean).join(' · ')
  }, [view, about])
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById('main').focus())}>
        To the content
      </a>
      <header>
        <a class="home" href={href([])}>
          <img src="icon.svg" alt="" width="20" height="20" /> Fog
        </a>
        <nav aria-label="Views">
          {VIEWS.map(({ name, title }) => (
            <a href={href([name])} aria-current={view.name === name ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <Connection />
      </header>
      <main id="main" tabIndex="-1" class={isStale.value ? 'old' : ''}>
        <Guard address={route.value.path.join('/')}>
          <view.draw path={route.value.path.slice(1)} params={route.value.params} />
        </Guard>
      </main>
      <footer>
        <a href="licences.txt">Licences of what this page is made with</a>
      </footer>
    </>
  )
}

learnClasses(classes)
startFleet()
render(<Frame />, document.body)
