// How far a session's newest form has come.  Pure.

const number = new Intl.Collator('en', { numeric: true }).compare

// {desired, ready, updated, replicas: [{assignment, isNewest}]}: by slot, the newest form of a slot first.
export function progress(session, assignments) {
  const { desired = 0, ready = 0, updated = 0 } = session.status ?? {}
  const newest = newestTemplate(assignments, updated)
  const replicas = assignments
    .map((assignment) => ({ assignment, isNewest: assignment.spec.template === newest }))
    .sort((a, b) => number(a.assignment.spec.slot, b.assignment.spec.slot) || Number(b.isNewest) - Number(a.isNewest))
  return { desired, ready, updated, replicas }
}

// Which of the forms that run is the newest: that of which as many run as the session says are updated; if two are, the
// one that was handed out later (a replica that is told anew gets a higher generation).
function newestTemplate(assignments, updated) {
  const forms = new Map()
  for (const { spec, metadata } of assignments) {
    const form = forms.get(spec.template) ?? { template: spec.template, count: 0, generation: 0, made: '' }
    form.count++
    form.generation = Math.max(form.generation, metadata.generation)
    if (metadata.creationTimestamp > form.made) form.made = metadata.creationTimestamp
    forms.set(spec.template, form)
  }
  const fits = (form) => Number(form.count === updated)
  const [first] = [...forms.values()].sort((a, b) => fits(b) - fits(a) || b.generation - a.generation || (a.made < b.made ? 1 : -1))
  return first?.template
}
