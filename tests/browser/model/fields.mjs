import { conditionMeanings, meaning } from '../../../controller/dashboard/src/model/fields.js'
import { assert, check } from './check.mjs'

const text = (description) => ({ type: 'string', description })
const schemas = {
  'fog.v1.Newer': {
    properties: {
      metadata: { allOf: [{ $ref: '#/components/schemas/Meta' }], description: 'who it is' },
      spec: { description: 'what is wanted', properties: { size: { allOf: [{ $ref: '#/components/schemas/Size' }], description: 'how large' }, list: { items: { properties: { name: text('its name') } } } } },
      status: { properties: { conditions: { items: { properties: { reason: text('why') } }, description: 'Ready: it is there; Late, where there is a deadline: it took long.  Done: all has ended; each `type` once' } } },
    },
  },
  Meta: { properties: { name: text('unique'), labels: { additionalProperties: { type: 'string' }, description: 'words' } } },
  Size: { type: 'integer', description: 'a size' },
}

await check({
  a_field_of_a_kind_that_nobody_knows_is_explained_by_its_own_table() {
    const means = (path) => meaning(schemas, 'Newer', path)
    assert.deepEqual(['spec', 'spec.size', 'spec.list[a].name', 'metadata.name', 'status.conditions[Ready].reason'].map(means), ['what is wanted', 'how large', 'its name', 'unique', 'why'])
  },
  what_nobody_explains_is_left_alone() {
    for (const path of ['spec.size.unit', 'spec.nothing', 'metadata.labels.reported/site', 'constructor.name', '']) assert.equal(meaning(schemas, 'Newer', path), '')
    assert.equal(meaning({}, 'Newer', 'spec.size'), '')
  },
  conditions_are_explained_one_by_one() {
    assert.deepEqual(conditionMeanings(schemas, 'Newer'), { Ready: 'it is there', Late: 'it took long', Done: 'all has ended' })
    assert.deepEqual(conditionMeanings({}, 'Newer'), {})
  },
})
