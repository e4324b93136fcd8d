// Bundles the page, compresses its files, and writes them as C: build.mjs LIBRARIES DIR
//
// LIBRARIES/node_modules is where the libraries are; DIR gets page/ (the files as browsers see them) and files.c.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const BYTES_MAX = 150_000 // of all files together, compressed

const here = dirname(fileURLToPath(import.meta.url))
const [libraries, dir] = process.argv.slice(2).map((path) => resolve(path))
const modules = join(libraries, 'node_modules')
const esbuild = createRequire(join(libraries, 'package.json'))('esbuild')

const types = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', txt: 'text/plain' }

// "…/node_modules/@preact/signals/dist/signals.js": "@preact/signals"; none of our own files.
const libraryOf = (path) => path.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]

// The licences of what is bundled ask to come along, with their notices of copyright.
function licences(inputs) {
  const names = [...new Set(inputs.map(libraryOf))].filter(Boolean).sort()
  return names.map((name) => `${name}\n\n${readFileSync(join(modules, name, 'LICENSE'), 'utf8').trim()}\n`).join('\n\n')
}

async function bundle() {
  const result = await esbuild.build({
    entryPoints: { app: join(here, 'src/main.jsx') },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    nodePaths: [modules],
    alias: { 'fog-reasons': join(dir, 'reasons.json') }, // from the tables of the programs
    outdir: 'page',
    legalComments: 'none', // they are in licences.txt, whole
    metafile: true,
    logLevel: 'warning',
  })
  const files = result.outputFiles.map((file) => [file.path.split('/').pop(), Buffer.from(file.contents)])
  return [...files, ['licences.txt', Buffer.from(licences(Object.keys(result.metafile.inputs)))]]
}

function asC(files) {
  const rows = []
  const arrays = files.map(([name, type, bytes], index) => {
    const etag = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
    rows.push(`    {"${name === 'index.html' ? '' : name}", "${type}; charset=utf-8", "\\"${etag}\\"", file_${index}, sizeof(file_${index})},`)
    const lines = []
    for (let at = 0; at < bytes.length; at += 24) {
      lines.push('    ' + [...bytes.subarray(at, at + 24)].join(','))
    }
    return `static const unsigned char file_${index}[] = {\n${lines.join(',\n')}};\n`
  })
  return (
    `#include "controller/io/dashboard.h"\n${arrays.join('')}` +
    `const struct dashboard_file dashboard_files[] = {\n${rows.join('\n')}\n};\n` +
    `const size_t dashboard_file_count = ${files.length};\n`
  )
}

const outputs = [
  ...(await bundle()),
  ['index.html', readFileSync(join(here, 'index.html'))],
  ['boot.js', readFileSync(join(here, 'boot.js'))],
  ['icon.svg', readFileSync(join(here, 'icon.svg'))],
]
const files = outputs.map(([name, bytes]) => [name, types[name.split('.').pop()], gzipSync(bytes, { level: 9 })])
const total = files.reduce((sum, [, , bytes]) => sum + bytes.length, 0)

rmSync(join(dir, 'page'), { recursive: true, force: true })
mkdirSync(join(dir, 'page'), { recursive: true })
outputs.forEach(([name, bytes]) => writeFileSync(join(dir, 'page', name), bytes))
files.forEach(([name, , bytes]) => console.log(`        ${name} ${bytes.length}`))
if (total > BYTES_MAX) {
  console.error(`the dashboard has ${total} bytes compressed, more than ${BYTES_MAX}`)
  process.exit(1)
}
// Whole or not at all: another variant may be reading it.
writeFileSync(join(dir, 'files.c.new'), asC(files))
renameSync(join(dir, 'files.c.new'), join(dir, 'files.c'))
