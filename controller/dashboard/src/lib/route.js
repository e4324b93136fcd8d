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
addEventListener('hashchange', () => (route.value = parse()))

export function href(path, params = {}) {
  const kept = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const query = new URLSearchParams(kept).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`
}

export const go = (path, params) => (location.hash = href(path, params))

// Other parameters of the same view; what is typed letter by letter leaves no trail of addresses.
export function setParams(changes) {
  const { path, params } = route.value
  history.replaceState(null, '', href(path, { ...params, ...changes }))
  route.value = parse()
}

export const objectHref = (plural, name, params) => href(['o', plural, name], params)
