// What is asked for again when something has changed.
import { useEffect, useRef, useState } from 'preact/hooks'

const PAUSE_MS = 300 // between an answer and the next question, however much changes
const RETRY_MS = 2000 // when nobody answered

// {value, failure} of what `key` names, as ask(signal) told it last. One question at a time, and none is taken back for
// another: where something changes in every frame there is an answer all the same.
export function useAsked(key, changed, ask) {
  const [told, setTold] = useState({})
  const { current } = useRef({})
  useEffect(() => {
    const gone = new AbortController()
    let timer = 0
    let isBusy = false
    let isWanted = false
    const look = async () => {
      isBusy = true
      isWanted = false
      let pause = PAUSE_MS
      try {
        const value = await ask(gone.signal)
        if (!gone.signal.aborted) setTold({ key, value })
      } catch (failure) {
        if (gone.signal.aborted) return
        setTold((old) => ({ key, value: old.key === key ? old.value : undefined, failure }))
        if (!failure.code) [isWanted, pause] = [true, RETRY_MS]
      }
      if (!gone.signal.aborted) timer = setTimeout(rest, pause)
    }
    const rest = () => {
      isBusy = false
      if (isWanted) look()
    }
    current.want = () => {
      isWanted = true
      if (!isBusy) look()
    }
    return () => {
      gone.abort()
      clearTimeout(timer)
    }
  }, [key])
  useEffect(() => current.want(), [key, changed])
  return told.key === key ? told : {}
}
