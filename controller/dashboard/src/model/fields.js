// What a field is, and what a condition says, in the words of the kind's own field table: the controller's OpenAPI document has
// them, so a kind that is new explains itself.  Pure.

// The node itself, or what it refers to; a reference that has words of its own keeps them.
const resolved = (schemas, node) => {
  const reference = node?.$ref ?? node?.allOf?.[0]?.$ref
  return reference ? schemas[reference.split('/').at(-1)] : node
}

// `path` as leaves() of model/three.js writes it: "spec.rollout.pause", "status.conditions[Ready].reason"; '' when nobody says.
export function meaning(schemas, kind, path) {
  let node = schemas[`fog.v1.${kind}`]
  for (const segment of path.match(/[^.[\]]+|\[[^\]]*\]/g) ?? []) {
    const parent = resolved(schemas, node)
    node = segment[0] === '[' ? parent?.items : Object.hasOwn(parent?.properties ?? {}, segment) ? parent.properties[segment] : parent?.additionalProperties
    if (!node) return ''
  }
  return node?.description ?? ''
}

// "Ready: connected and reporting; Healthy: …" → {Ready: 'connected and reporting', …}
export function conditionMeanings(schemas, kind) {
  const told = meaning(schemas, kind, 'status.conditions').matchAll(/(?:^|[;.]\s+)([A-Z][A-Za-z]+)[^:;.]*: ([^;.]*)/g)
  return Object.fromEntries([...told].map(([, type, says]) => [type, says.trim()]))
}
