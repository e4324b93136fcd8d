// What fields mean (model/fields.js), asked for when somebody looks at an object for the first time.
import { signal } from '@preact/signals'
import { get } from './api.js'

const RETRY_MS = 5000

const schemas = signal({})
let isAsked = false

async function ask() {
  try {
    schemas.value = (await get('/openapi/v3/apis/fog/v1')).components.schemas
  } catch {
    setTimeout(ask, RETRY_MS) // a page without explanations is one all the same
  }
}

export function useSchemas() {
  if (!isAsked) ask()
  isAsked = true
  return schemas.value
}
