// The address of what is shown: #/VIEW/…?name=value.  All of it can be sent to somebody else.
import { signal } from '@preact/signals'

function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // nobody wrote that here
  }
}

function parse() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?')
  return {
    path: path.split('/').filter(Boolean).map(decoded),
    params: Object.fromEntries(new URLSearchParams(query)),
  }
}

export const route = signal(parse())
let isReturned = false // an address that was shown before: the browser's back, or forward

addEventListener('hashchange', () => {
  isReturned = history.state?.wasShown === true
  if (!isReturned) history.replaceState({ wasShown: true }, '')
  route.value = parse()
})
history.replaceState({ wasShown: true }, '')

export function href(path, params = {}) {
  const kept = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const query = new URLSearchParams(kept).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`
}

export const go = (path, params) => (location.hash = href(path, params))

// Other parameters of the same view; what is typed letter by letter leaves no trail of addresses.
export function setParams(changes) {
  const { path, params } = route.value
  history.replaceState(history.state, '', href(path, { ...params, ...changes }))
  route.value = parse()
}

export const objectHref = (plural, name, params) => href(['o', plural, name], params)

// --- where the focus goes -------------------------------------------------------------------------

const left = new Map() // path → the address of the link that led away from there
const key = (path) => path.join('/')

addEventListener(
  'click',
  ({ target }) => {
    const link = target instanceof Element && target.closest('a[href^="#/"]')
    if (link) left.set(key(route.peek().path), link.getAttribute('href'))
  },
  true,
)

// Something else is shown in `main`: whoever came back is where they left, whoever came is at its heading, which is then read aloud.
export function moveFocus(main) {
  const { path } = route.peek()
  const way = isReturned ? left.get(key(path)) : undefined
  if (main.contains(document.activeElement) && main !== document.activeElement) return // what led here is still there
  const back = way && [...main.querySelectorAll('a[href]')].find((link) => link.getAttribute('href') === way)
  const place = back || main.querySelector('h1') || main
  if (!back) place.tabIndex = -1
  place.focus({ preventScroll: !back })
  if (!isReturned) scrollTo(0, 0)
}
