// What the work of an assignment prints, as it does; the page holds the end of it (model/log.js).
import { useEffect, useRef, useState } from 'preact/hooks'
import { objectPath, open, pieces } from '../lib/api.js'
import { objects } from '../lib/fleet.js'
import { setParams } from '../lib/route.js'
import { add, begin, shown } from '../model/log.js'
import { assignmentState } from '../model/states.js'

const LINES = 200 // of what was said before somebody looked
const RETRY_MS = 1000
const DRAWN_MS = 100 // between two drawings
const END_PX = 40 // whoever scrolls up further than this wants to read

const number = new Intl.Collator('en', { numeric: true }).compare

// Of several, one that runs, unless somebody chose another.
export function Logs({ work, chosen }) {
  const all = [...work].sort((a, b) => number(a.metadata.name, b.metadata.name))
  const one = all.find(({ metadata }) => metadata.name === chosen) ?? all.find((some) => assignmentState(some).state === 'converged') ?? all[0]
  return (
    <section aria-label="Log">
      {all.length > 1 && (
        <label>
          of{' '}
          <select aria-label="Log of" value={one.metadata.name} onChange={(event) => setParams({ of: event.target.value })}>
            {all.map(({ metadata: { name }, spec, status }) => (
              <option value={name}>
                {name} on {spec.agent}: {status?.phase ?? 'not yet reported'}
              </option>
            ))}
          </select>
        </label>
      )}
      {one ? <Log key={one.metadata.name} name={one.metadata.name} /> : <p class="quiet">nothing runs</p>}
    </section>
  )
}

// After an end it is read on when the assignment changes: what it runs may begin anew.
function Log({ name }) {
  const [log, setLog] = useState(begin)
  const [held, setHeld] = useState(null) // {log: what is shown while it does not follow, byScrolling}
  const box = useRef()
  const end = useFollowed(name, objects('assignments').get(name), setLog)
  const isFollowing = held === null
  useEffect(() => {
    if (isFollowing) box.current.scrollTop = box.current.scrollHeight
  }, [log, isFollowing])
  // Whoever scrolled up goes on at the end; who ticked it off, by the tick alone: a scroll of before may be told after it.
  const onScroll = ({ currentTarget }) => {
    if (isFollowing && !isAtEnd(currentTarget)) setHeld({ log, byScrolling: true })
    else if (held?.byScrolling && isAtEnd(currentTarget)) setHeld(null)
  }
  const seen = held?.log ?? log
  const more = log.lines - seen.lines
  return (
    <>
      <p class="filters">
        <label>
          <input type="checkbox" checked={isFollowing} onChange={({ target }) => setHeld(target.checked ? null : { log })} /> follow
        </label>
        {more > 0 && <span>{more === 1 ? 'a line' : `${more} lines`} since</span>}
        {seen.dropped && <span class="quiet">what was said before is left out</span>}
        <a href={logPath(name)} target="_blank">
          all of it, as text
        </a>
      </p>
      <pre class="log" ref={box} tabIndex="0" role="log" aria-live={isFollowing ? 'polite' : 'off'} aria-label={`Log of ${name}`} onScroll={onScroll}>
        {shown(seen)}
      </pre>
      <p class="quiet" role="status" aria-label="End of the log">
        {end}
      </p>
    </>
  )
}

const isAtEnd = ({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < END_PX
const logPath = (name) => `${objectPath('assignments', name)}/log`

// Reads a log as it comes, and tells of it a few times a second, however much it says; gives why it does not go on, in words.
function useFollowed(name, assignment, setLog) {
  const revision = assignment?.metadata.resourceVersion
  const [end, setEnd] = useState('')
  const { current } = useRef({ follow: null, endedAt: '' })
  Object.assign(current, { revision, isRunning: assignment?.status?.phase === 'Running' })
  useEffect(() => {
    const gone = new AbortController()
    let log = begin()
    let timer = 0
    let drawing = 0
    const draw = () => {
      drawing = 0
      setLog(log)
    }
    const ended = (words) => {
      current.endedAt = current.revision
      setEnd(words)
    }
    const again = (words) => {
      setEnd(words)
      timer = setTimeout(current.follow, RETRY_MS)
    }
    current.follow = async () => {
      current.endedAt = ''
      try {
        const response = await open(logPath(name), { params: { follow: true, tailLines: LINES }, signal: gone.signal })
        log = begin() // told again, after it broke off
        setEnd('')
        for await (const piece of pieces(response)) {
          log = add(log, piece)
          drawing ||= setTimeout(draw, DRAWN_MS)
        }
        if (current.isRunning) again('The log broke off.') // as it does when the controller starts anew
        else ended('The log has ended.')
      } catch (failure) {
        if (gone.signal.aborted) return
        if (failure.code && !current.isRunning) ended(failure.message)
        else again(failure.message) // its agent may not be back yet
      }
    }
    current.follow()
    return () => {
      gone.abort()
      clearTimeout(timer)
      clearTimeout(drawing)
    }
  }, [name])
  useEffect(() => {
    if (current.endedAt && current.endedAt !== revision) current.follow()
  }, [revision])
  return end
}
