// The page: a frame with the ways to the views, what the connection is like, and the view.
import classes from 'fog-reasons'
import { Component, render } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import './style.css'
import { clock, collection, heardAt, isStale, kindOf, startFleet } from './lib/fleet.js'
import { href, moveFocus, route } from './lib/route.js'
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
// Without a link of their own: each is a part of another.
const OBJECT = { name: 'o', title: 'Object', draw: ObjectView }
const NOWHERE = { title: 'Nowhere', draw: Nowhere }

function viewOf(name) {
  if (name === undefined) return VIEWS[0]
  return [...VIEWS, OBJECT].find((view) => view.name === name) ?? NOWHERE
}
const partOf = ([view, plural]) => (view !== 'o' ? undefined : plural === 'agents' ? 'fleet' : 'kinds')
const current = (view, path, name) => (view.name === name ? 'page' : partOf(path) === name ? 'true' : undefined)

function Nowhere() {
  return (
    <>
      <h1>There is no such view</h1>
      <p>
        <a href={href([])}>To the fleet</a>
      </p>
    </>
  )
}

// Tells of another view to those who see none: by the focus, which goes there.
function useFocus(shown) {
  const main = useRef()
  const before = useRef(shown)
  useEffect(() => {
    if (before.current === shown) return
    before.current = shown
    const frame = requestAnimationFrame(() => requestAnimationFrame(() => main.current && moveFocus(main.current)))
    return () => cancelAnimationFrame(frame)
  }, [shown])
  return main
}

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
  const { path, params } = route.value
  const view = viewOf(path[0])
  const about = view === OBJECT ? path[2] : view.name === 'kinds' && path[1] ? kindOf(path[1]) : undefined
  const title = [about, view.title, 'Fog'].filter(Boolean).join(' · ')
  const main = useFocus(path.join('/'))
  useEffect(() => {
    document.title = title
  }, [title])
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
            <a href={href([name])} aria-current={current(view, path, name)}>
              {title}
            </a>
          ))}
        </nav>
        <Connection />
      </header>
      <main id="main" tabIndex="-1" ref={main} class={isStale.value ? 'old' : ''}>
        <Guard address={path.join('/')}>
          <view.draw path={path.slice(1)} params={params} />
        </Guard>
      </main>
      <p class="unseen" aria-live="polite">
        {title}
      </p>
      <footer>
        <a href="licences.txt">Licences of what this page is made with</a>
      </footer>
    </>
  )
}

learnClasses(classes)
startFleet()
render(<Frame />, document.body)
