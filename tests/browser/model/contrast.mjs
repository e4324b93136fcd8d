// Can it be read?  The contrast of every colour of text with every colour that it lies on, light and dark, by the
// arithmetic of WCAG 2: at least 4.5 to 1 for text, 3 to 1 for what is no text.
import { readdirSync, readFileSync } from 'node:fs'
import { assert, check } from './check.mjs'

const SOURCES = 'controller/dashboard/src'
const sheets = [`${SOURCES}/style.css`, ...readdirSync(`${SOURCES}/views`).filter((name) => name.endsWith('.css')).map((name) => `${SOURCES}/views/${name}`)]
const css = sheets.map((path) => readFileSync(path, 'utf8')).join('\n')

const TEXT = 4.5
const FORM = 3
const STATES = ['converged', 'converging', 'suspended', 'cordoned', 'diverged', 'silent', 'idle']
const WORDS = ['ink', 'quiet', 'link', ...STATES]
const GROUNDS = ['paper', 'raised']

const COLOUR = /light-dark\(\s*(#[0-9a-f]{6})\s*,\s*(#[0-9a-f]{6})\s*\)/
const tokens = new Map([...css.matchAll(new RegExp(`--([a-z]+):\\s*${COLOUR.source}`, 'g'))].map(([, name, light, dark]) => [name, [light, dark]]))

// The colours of a property in the rule of a selector, as it is written: [light, dark]
function rule(selector, property) {
  const [, body] = css.match(new RegExp(`(?:^|\\n|\\} |, )${selector.replace(/[.[\]'=*()]/g, '\\$&')}[^{}]*\\{([^}]*)\\}`)) ?? []
  const [, value] = (body ?? '').match(new RegExp(`(?:^|[\\s;])${property}:([^;]*)`)) ?? []
  const named = value?.match(/var\(--([a-z]+)\)/)
  const found = named ? tokens.get(named[1]) : value?.match(COLOUR)?.slice(1)
  assert.ok(found, `no ${property} of ${selector}`)
  return found
}

function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one, other) {
  const [bright, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (bright + 0.05) / (dark + 0.05)
}

function differ(what, over, ground, least) {
  for (const [i, scheme] of ['light', 'dark'].entries()) {
    const found = contrast(over[i], ground[i])
    assert.ok(found >= least, `${what}, ${scheme}: ${over[i]} on ${ground[i]} is ${found.toFixed(2)} to 1, not ${least}`)
  }
}

await check({
  contrast_is_what_the_standard_says() {
    assert.equal(contrast('#000000', '#ffffff'), 21)
    assert.equal(contrast('#ffffff', '#ffffff'), 1)
    assert.ok(Math.abs(contrast('#777777', '#ffffff') - 4.48) < 0.01)
  },
  every_word_can_be_read_on_what_it_lies_on() {
    for (const word of WORDS) for (const ground of GROUNDS) differ(`${word} on ${ground}`, tokens.get(word), tokens.get(ground), TEXT)
  },
  what_is_marked_can_be_read() {
    const ink = tokens.get('ink')
    differ('the view that is shown', ink, rule("[aria-current='page']", 'background'), TEXT)
    for (const name of ['before', 'after']) differ(`a field ${name}`, ink, tokens.get(name), TEXT)
    for (const word of ['ink', 'quiet', 'suspended']) differ(`${word} of a difference`, tokens.get(word), rule('.three .differs', 'background'), TEXT)
    differ('the main button', rule('button.main', 'color'), rule('button.main', 'background'), TEXT)
    for (const name of ['wrong', 'warned']) differ(`a line that is ${name}`, rule(`.editor .gutter .${name}`, 'color'), rule(`.editor .gutter .${name}`, 'background'), TEXT)
  },
  numbers_can_be_read_on_their_bars() {
    const ink = tokens.get('ink')
    for (const ground of ['.bar .filled', '.bar.low .filled']) differ(ground, ink, rule(ground, 'background'), TEXT)
    differ('an empty bar', ink, tokens.get('line'), TEXT)
  },
  states_and_the_focus_are_seen_as_forms() {
    for (const name of [...STATES, 'link']) for (const ground of GROUNDS) differ(`${name} on ${ground}`, tokens.get(name), tokens.get(ground), FORM)
  },
  no_text_is_made_pale() {
    for (const [, selector] of css.matchAll(/([^{}]*)\{[^}]*opacity: 0?\.\d/g)) assert.match(selector.trim(), /:disabled$/)
  },
  nothing_moves_where_less_motion_is_wanted() {
    const calm = css.replace(/@media \(prefers-reduced-motion: no-preference\) \{(?:[^{}]|\{[^}]*\})*\}/g, '')
    assert.deepEqual(calm.match(/(animation|transition|scroll-behavior):[^;]*/g) ?? [], [])
  },
})
