// What the controller counts since it began, asked for as long as somebody looks.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { bodyOf, Failure, open } from './api.js'
import { parse } from '../model/metrics.js'

const ASK_MS = 5000

// A signal of the metrics as model/metrics.js has them; null before the first answer. What was told last stays.
export function useMetrics() {
  const metrics = useSignal(null)
  useEffect(() => {
    const end = new AbortController()
    let timer = 0
    const ask = async () => {
      try {
        metrics.value = parse(await bodyOf(await open('/metrics', { signal: end.signal }), end.signal, (one) => one.text()))
      } catch (error) {
        if (!(error instanceof Failure) && !end.signal.aborted) throw error
      }
      if (!end.signal.aborted) timer = setTimeout(ask, ASK_MS)
    }
    ask()
    return () => (end.abort(), clearTimeout(timer))
  }, [])
  return metrics
}
