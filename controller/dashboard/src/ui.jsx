// Pieces that several views draw with.  User strings are text, always: nothing here makes markup of them.
import { useEffect, useRef } from 'preact/hooks'
import { clock } from './lib/fleet.js'
import { setParams } from './lib/route.js'
import { duration, fullTime, ms } from './lib/time.js'
import { heldBack, sessionState, STATES } from './model/states.js'

// A state as form, colour and word.
export function State({ state, short = false }) {
  return (
    <span class={`state ${state}`} title={STATES[state].says}>
      <span class="mark" aria-hidden="true">
        {STATES[state].mark}
      </span>
      <span class={short ? 'unseen' : ''}>{state}</span>
    </span>
  )
}

// The state of a session, and how much of its work a policy or an owner holds back: that much is as declared, and yet does not run.
export function SessionState({ session, work }) {
  const { state } = sessionState(session, work)
  const held = state === 'suspended' ? 0 : heldBack(work)
  return (
    <>
      <State state={state} />
      {held > 0 && (
        <span class="state suspended held">
          <span class="mark" aria-hidden="true">
            {STATES.suspended.mark}
          </span>
          {held} of {work.length} held back
        </span>
      )}
    </>
  )
}

// How long ago, counting; the time itself is its title.
export function Age({ at }) {
  if (!at) return <span>-</span>
  return <time aria-live="off" title={fullTime(at)} dateTime={new Date(ms(at)).toISOString()}>{duration(clock.value - ms(at))}</time>
}

// A bar with its number; `share` from 0 to 1, undefined when nothing is known.
export function Bar({ share, label, title, level = '' }) {
  if (share === undefined || Number.isNaN(share)) return null
  const percent = Math.max(0, Math.min(100, share * 100))
  return (
    <span class={`bar ${level}`} title={title} role="img" aria-label={`${title} ${label}`}>
      <span class="filled" style={{ width: `${percent}%` }} />
      <span class="label">{label}</span>
    </span>
  )
}

// What is looked for, and by which labels: both are in the address.  Labels are told when they are whole where each letter would be a request.
export function Search({ params, placeholder, problem = '', isEager = false, children }) {
  const tell = (event) => setParams({ labels: event.target.value })
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <input type="search" aria-label="Search" placeholder={placeholder} value={params.q ?? ''} onInput={(event) => setParams({ q: event.target.value })} />
      <input
        type="search"
        aria-label="Labels"
        placeholder="labels: site=north,!old"
        aria-invalid={problem !== ''}
        value={params.labels ?? ''}
        {...(isEager ? { onInput: tell } : { onChange: tell })}
      />
      {children}
    </form>
  )
}

// An address may name what there is not.
export const NoKind = ({ plural }) => <p>There is no kind "{plural}".</p>

// What the controller refused, with each cause.
export function Refusal({ failure }) {
  if (!failure) return null
  return (
    <div class="refusal" role="alert">
      <p>{failure.message}</p>
      {failure.causes?.length > 0 && (
        <ul>
          {failure.causes.map((cause) => (
            <li>
              {cause.field && <code>{cause.field}</code>} {cause.message}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

// What differs, field by field: [{path, before, after}]; of what is all new, or all gone, one side.
export function Changes({ changes }) {
  const [wasThere, isThere] = ['before', 'after'].map((side) => changes.some((change) => change[side] !== undefined))
  return (
    <table class="changes">
      <tbody>
        {changes.map(({ path, before, after }) => (
          <tr>
            <th scope="row">{path}</th>
            {wasThere && <td class="before">{word(before)}</td>}
            {wasThere && isThere && (
              <td>
                <span role="img" aria-label="to">
                  →
                </span>
              </td>
            )}
            {isThere && <td class="after">{word(after)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export const word = (value) => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value))

// A question before something is done; Escape and a click beside it say no.  The focus goes back to where it was.
export function Dialog({ title, onClose, children }) {
  const ref = useRef()
  useEffect(() => {
    const { activeElement } = document
    ref.current.showModal()
    return () => {
      if (document.activeElement === document.body) activeElement?.focus()
    }
  }, [])
  const isBeside = (event) => event.target === ref.current
  return (
    <dialog ref={ref} aria-label={title} onClose={onClose} onClick={(event) => isBeside(event) && onClose()}>
      <h2>{title}</h2>
      {children}
    </dialog>
  )
}

// Tells whether what asks is still shown.
export function useIsShown() {
  const isShown = useRef(true)
  useEffect(() => () => (isShown.current = false), [])
  return () => isShown.current
}
