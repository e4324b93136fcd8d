// What a person says about themselves, kept by the browser: no state of the fleet is.
import { signal } from '@preact/signals'

const read = (name) => {
  try {
    return localStorage.getItem(`fog-${name}`) ?? ''
  } catch {
    return '' // a browser that keeps nothing
  }
}

export const user = signal(read('user')) // who history says made a change
export function setUser(name) {
  user.value = name
  try {
    localStorage.setItem('fog-user', name)
  } catch {
    // asked for again the next time
  }
}
