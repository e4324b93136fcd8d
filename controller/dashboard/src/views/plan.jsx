// What an apply would do, before it does: a manifest is typed, pasted or dropped; what is wrong is told at
// its line, then the plan is drawn, then it is carried out as it was shown, and watched.
import { signal } from '@preact/signals'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import * as yaml from 'yaml'
import { Failure, GROUP, MANAGER, send } from '../lib/api.js'
import { href } from '../lib/route.js'
import { setUser, user } from '../lib/settings.js'
import { inWords } from '../model/plan.js'
import { causesOf, inOrder, placed, readManifest } from '../model/manifest.js'
import { Dialog, Refusal, useIsShown } from '../ui.jsx'
import { Plan, Results } from './planned.jsx'
import { Rollout } from './rollout.jsx'
import { Back } from './time_back.jsx'
import './plan.css'

const PAUSE_MS = 350 // after the last letter
const RETRY_MS = 2000 // when nobody answered
const TEXT_MAX = 4 << 20 // characters of a manifest; the controller takes less than 32 MiB
const PASTE_LARGE = 20_000 // characters
const SESSIONS_SHOWN = 8

const EXAMPLE = `apiVersion: fog/v1
kind: HarvestSession
metadata:
  name: hello
spec:
  replicas: 2
  workload:
    command: [/bin/sh, -c, 'while :; do date; sleep 5; done']
    restart: always
    resources: {cores: 50m, memory: 16Mi}
`

const changeSet = (changes, { isDry, revision, isForced }) => ({
  apiVersion: 'fog/v1',
  kind: 'ChangeSet',
  spec: { changes, ...(isForced ? { force: true } : {}), ...(isDry ? {} : { revision }) },
})

const post = (changes, how, rest = {}) =>
  send('POST', `${GROUP}/changesets`, changeSet(changes, how), {
    params: { fieldManager: MANAGER, ...(how.isDry ? { dryRun: 'All' } : {}) },
    ...rest,
  })

// What the controller says of a text: {manifest, problems, status, failure}, some time after it was typed.
function usePlan(text, isForced, again) {
  const [told, setTold] = useState({ problems: [] })
  useEffect(() => {
    const gone = new AbortController()
    const look = async () => {
      if (text.trim() === '') return setTold({ problems: [] })
      const manifest = readManifest(yaml, text)
      if (manifest.whole.length === 0) return setTold({ problems: manifest.problems })
      try {
        const { status } = await post(manifest.whole.map((at) => manifest.changes[at]), { isDry: true, isForced }, { signal: gone.signal })
        if (manifest.problems.length > 0) return setTold({ problems: manifest.problems })
        setTold({ text, isForced, manifest, status, problems: [], warnings: placed(manifest, status.warnings ?? []) })
      } catch (error) {
        if (gone.signal.aborted) return
        const failure = error instanceof Failure ? error : new Failure({ message: String(error) })
        const problems = inOrder([...manifest.problems, ...placed(manifest, causesOf(failure))])
        setTold({ manifest, problems, failure: problems.length === 0 ? failure : null, isOwned: failure.code === 409 })
        if (error instanceof Failure && error.code === 0) timer = setTimeout(look, RETRY_MS)
      }
    }
    let timer = setTimeout(look, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  }, [text, isForced, again])
  return told
}

// Kept while other views are looked at: what was typed, and what became of it.
const draft = signal('')
const done = signal(null) // {status, before: the revision before it}

export function PlanView() {
  const text = draft.value
  const applied = done.value
  const [isForced, setForced] = useState(false)
  const [again, setAgain] = useState(0)
  const [isAsking, setAsking] = useState(false)
  const [isTooLong, setTooLong] = useState(false)
  const [stale, setStale] = useState(null) // why it was not applied as it was shown
  const editor = useRef()
  const told = usePlan(text, isForced, again)
  const plan = useMemo(() => told.status && <Plan plan={told.status.plan} />, [told.status]) // drawn once, and not with each letter
  const results = useMemo(() => told.status && <Results results={told.status.results} />, [told.status])
  const edit = (next) => {
    draft.value = next.length > TEXT_MAX ? '' : next // a part of it would be another manifest
    setTooLong(next.length > TEXT_MAX)
    done.value = null
    setStale(null)
  }
  // Another plan is asked for; whoever wanted to apply sees it, and why.
  const refused = (failure) => {
    setStale(failure)
    setAsking(false)
    setAgain(again + 1)
  }
  const ask = () => {
    setStale(null)
    setAsking(true)
  }
  const example = () => {
    edit(EXAMPLE)
    editor.current.focus()
  }
  return (
    <>
      <h1 class="unseen">Plan</h1>
      <div class="workbench">
        <section aria-label="Manifest" onDragOver={(event) => event.preventDefault()} onDrop={(event) => dropped(event, edit)}>
          <Editor ref={editor} text={text} edit={edit} problems={told.problems} warnings={told.warnings ?? []} />
          <p class="actions">
            <label class="file">
              Open a file
              <input type="file" class="unseen" multiple accept=".yaml,.yml,.json" onChange={(event) => chosen(event.target, edit)} />
            </label>
            {text === '' && <button onClick={example}>An example</button>}
            <label>
              <input type="checkbox" checked={isForced} onChange={(event) => setForced(event.target.checked)} /> take fields over from their owners
            </label>
          </p>
        </section>
        <section aria-label="What it would do">
          <p class="unseen" aria-live="polite">
            {told.status && !applied ? inWords(told.status.plan.summary) : ''}
          </p>
          <Problems problems={told.problems} go={(line) => goToLine(editor.current, line)} />
          <Problems problems={told.warnings ?? []} isWarning go={(line) => goToLine(editor.current, line)} />
          <Refusal failure={told.failure} />
          <Refusal failure={stale} />
          {told.isOwned && <p>Somebody else decides these fields: leave them out, or take them over.</p>}
          {isTooLong && <p role="alert">That is longer than this page takes: fogctl diff -f FILE, fogctl apply -f FILE</p>}
          {text.trim() === '' && <p class="quiet">Paste a manifest, or drop a file here. Nothing is changed before you apply it.</p>}
          {told.status && !applied && (
            <>
              <h2>What it would do</h2>
              {plan}
              <p class="actions">
                <button class="main" disabled={told.text !== text || told.isForced !== isForced} onClick={ask}>
                  Apply
                </button>
              </p>
              {results}
            </>
          )}
          {applied && <Applied key={applied.status.revision} {...applied} />}
        </section>
      </div>
      {isAsking && told.status && (
        <Apply
          {...{ told, isForced }}
          onClose={() => setAsking(false)}
          onApplied={(status) => ((done.value = { status, before: told.status.revision }), setAsking(false))}
          onStale={refused}
        />
      )}
    </>
  )
}

// --- the text ------------------------------------------------------------------------------------

function dropped(event, edit) {
  event.preventDefault()
  if (event.dataTransfer.files.length > 0) openFiles(event.dataTransfer.files, edit)
  else edit(event.dataTransfer.getData('text/plain'))
}

// The same file may be chosen again, once something else has written it.
function chosen(input, edit) {
  openFiles(input.files, edit)
  input.value = ''
}

async function openFiles(files, edit) {
  const texts = await Promise.all([...files].map((file) => file.slice(0, TEXT_MAX + 1).text()))
  edit(texts.map((text) => text.replace(/\n?$/, '\n')).join('---\n'))
}

// A browser takes long to paste many lines as if they were typed; set as a value, they are there at once.
function pasted(event, edit) {
  const text = event.clipboardData.getData('text/plain').replace(/\r\n?/g, '\n')
  if (text.length < PASTE_LARGE) return
  event.preventDefault()
  const area = event.target
  area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end')
  edit(area.value)
}

function goToLine(area, line) {
  const lines = area.value.split('\n')
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0)
  area.focus()
  area.setSelectionRange(start, start + lines[line - 1].length)
}

function Editor({ ref, text, edit, problems, warnings }) {
  const lines = text.split('\n').length
  const marks = new Map([...warnings.map(({ line }) => [line, 'warned']), ...problems.map(({ line }) => [line, 'wrong'])])
  const numbers = useMemo(() => Array.from({ length: lines }, (_, i) => i + 1).join('\n'), [lines])
  const gutter = useRef()
  return (
    <div class="editor">
      <pre class="gutter" aria-hidden="true" ref={gutter}>
        {numbers}
        {[...marks].map(([line, kind]) => (
          <span key={line} class={kind} style={{ top: `calc(${line - 1} * 1lh)` }}>
            {line}
          </span>
        ))}
      </pre>
      <textarea
        ref={ref}
        aria-label="Manifest in YAML"
        aria-invalid={problems.length > 0}
        spellcheck={false}
        autocapitalize="off"
        wrap="off"
        value={text}
        onInput={(event) => edit(event.target.value)}
        onPaste={(event) => pasted(event, edit)}
        onScroll={(event) => (gutter.current.scrollTop = event.target.scrollTop)}
      />
    </div>
  )
}

function Problems({ problems, isWarning, go }) {
  if (problems.length === 0) return null
  return (
    <ul class={isWarning ? 'warnings' : 'problems'} role={isWarning ? undefined : 'alert'}>
      {problems.map(({ line, column, field, message }) => (
        <li>
          <button class="place" onClick={() => go(line)}>
            line {line}:{column}
          </button>{' '}
          {field && <code>{field}</code>} {message}
        </li>
      ))}
    </ul>
  )
}

// --- carrying it out -----------------------------------------------------------------------------

function Apply({ told, isForced, onClose, onApplied, onStale }) {
  const [cause, setCause] = useState('')
  const [failure, setFailure] = useState(null)
  const [isBusy, setBusy] = useState(false)
  const isShown = useIsShown()
  const apply = async (event) => {
    event.preventDefault()
    if (isBusy) return
    setBusy(true)
    try {
      const how = { revision: told.status.revision, isForced }
      const { status } = await post(told.manifest.changes, how, { cause, user: user.value, isWanted: isShown })
      return onApplied(status)
    } catch (error) {
      if (error.code === 409 || !isShown()) return onStale(error)
      setFailure(error)
    }
    setBusy(false)
  }
  return (
    <Dialog title="Apply it as it was shown?" onClose={onClose}>
      <form onSubmit={apply} class="asked">
        <label>
          who <input value={user.value} onInput={(event) => setUser(event.target.value)} placeholder="your name, for history" />
        </label>
        <label>
          why <input value={cause} onInput={(event) => setCause(event.target.value)} placeholder="a reason, for history" autofocus />
        </label>
        <Refusal failure={failure} />
        <p class="actions">
          <button class="main" aria-disabled={isBusy}>
            {isBusy ? 'Applying …' : 'Apply'}
          </button>
          <button type="button" onClick={onClose}>
            Not now
          </button>
        </p>
      </form>
    </Dialog>
  )
}

// Whoever has applied it is led here; all of it goes back in one step.
function Applied({ status, before }) {
  const ref = useRef()
  const [back, setBack] = useState(null)
  useEffect(() => ref.current.focus(), [])
  const changed = status.results.filter(({ result }) => result !== 'unchanged')
  const sessions = changed.filter(({ kind, result }) => kind === 'HarvestSession' && result !== 'deleted')
  const undo = {
    toRevision: before,
    objects: changed.map(({ kind, name }) => ({ kind, name })),
    prune: changed.some(({ result }) => result === 'created'),
  }
  return (
    <section aria-label="Applied">
      <h2 ref={ref} tabIndex="-1">
        Applied as revision {status.revision}
      </h2>
      <p role="status">{changed.length === 0 ? 'It was so already.' : status.results.map(({ kind, name, result }) => `${kind}/${name} ${result}`).join(', ')}</p>
      <p class="actions">
        {changed.length > 0 && (
          <button class="danger" onClick={() => setBack({ undo, why: `undo of revision ${status.revision}` })}>
            Undo …
          </button>
        )}
        <a href={href(['time'], { last: '10m' })}>What changed lately</a>
      </p>
      {sessions.slice(0, SESSIONS_SHOWN).map(({ name }) => (
        <Rollout key={name} name={name} isUndoneElsewhere />
      ))}
      {sessions.length > SESSIONS_SHOWN && <p class="quiet">and {sessions.length - SESSIONS_SHOWN} more sessions</p>}
      {back && <Back key={JSON.stringify(back)} wanted={back} changes={[]} onBack={setBack} onClose={() => setBack(null)} />}
    </section>
  )
}
