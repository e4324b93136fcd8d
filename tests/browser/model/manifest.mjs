import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { causesOf, inOrder, placed, readManifest } from '../../../controller/dashboard/src/model/manifest.js'
import { assert, check } from './check.mjs'

const yaml = createRequire(resolve('build/dashboard/npm/package.json'))('yaml')
const TEXT = `# a comment
apiVersion: fog/v1
kind: HarvestPolicy
metadata: {name: gentle}
---
apiVersion: fog/v1
kind: HarvestSession
metadata:
  name: hello
spec:
  workload:
    command: [/bin/sh, -c, true]
    artifacts:
      - {name: a, digest: none}
      - name: b
        digest: wrong
`
const read = (text) => readManifest(yaml, text)
const at = (field, change = 1) => Object.values(read(TEXT).place(change, field)).join(':')

await check({
  documents_become_changes_in_their_order() {
    const { changes, problems } = read(TEXT)
    assert.deepEqual(problems, [])
    assert.deepEqual(changes.map(({ verb, object }) => [verb, object.kind]), [['apply', 'HarvestPolicy'], ['apply', 'HarvestSession']])
  },
  aliases_that_name_nothing_or_far_too_much_are_problems() {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...'bcdef'.split('').map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcde'[i]}`)}]`)].join('\n')
    for (const [text, words] of [['kind: A\n---\nspec: *nobody\n', /alias/i], [bomb, /alias/i]]) {
      const { problems } = read(text)
      assert.equal(problems.length, 1)
      assert.match(problems[0].message, words)
    }
    assert.equal(read('kind: A\n---\nspec: *nobody\n').problems[0].line, 3)
  },
  a_field_is_found_at_its_line() {
    assert.equal(at('spec.workload.command'), '12:5')
    assert.equal(at('spec.workload.artifacts[1].digest'), '16:9')
    assert.equal(at('.spec.workload.artifacts[0].digest'), '14:19')
    assert.equal(at('metadata.name', 0), '4:12')
  },
  a_field_that_is_missing_is_told_where_it_should_be() {
    assert.equal(at('spec.workload.resources.cores'), '11:3')
    assert.equal(at('spec.policy'), '10:1')
  },
  bad_yaml_is_told_with_its_line_all_at_once() {
    const { problems } = read('a: [1\nb: 2\n---\nc: {d\n')
    assert.ok(problems.length >= 2)
    assert.ok(problems.some(({ line }) => line <= 2) && problems.some(({ line }) => line >= 4))
    assert.deepEqual(read('just words').problems.map(({ line, column }) => [line, column]), [[1, 1]])
    assert.match(read('a: 1\na: 2\n').problems[0].message, /unique/)
  },
  what_the_controller_refuses_is_in_the_order_of_lines() {
    const told = [{ change: 1, field: 'spec.workload.command', message: 'late' }, { change: 0, field: 'metadata.name', message: 'early' }]
    assert.deepEqual(placed(read(TEXT), told).map(({ line, message }) => [line, message]), [[4, 'early'], [12, 'late']])
    const [cause] = causesOf({ causes: [], message: 'changes[1].object.kind: there is no kind "Harvestx"' })
    assert.deepEqual(placed(read(TEXT), [cause]).map(({ line, message }) => [line, message]), [[7, 'there is no kind "Harvestx"']])
  },
  what_can_be_read_is_asked_about_beside_what_can_not() {
    const manifest = read('kind: A\nmetadata: {name: a}\n---\nb: [1\nc: 2\n---\nwords\n---\nkind: D\nmetadata: {name: d}\n')
    assert.deepEqual(manifest.whole, [0, 3])
    const told = placed(manifest, [{ change: 1, field: 'metadata.name', message: 'late' }, { change: 0, field: 'metadata.name', message: 'early' }])
    assert.deepEqual(inOrder([...manifest.problems, ...told]).map(({ line }) => line), [2, 5, 7, 10])
  },
  an_empty_text_is_no_change() {
    assert.deepEqual(read('').changes, [])
    assert.deepEqual(read('---\n---\n# nothing\n').changes, [])
  },
})
