import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MODULES = 1000

/** Asks the server once, and ends. */
const ASK_AND_END = `require('node:http').get({ port: server.address().port, agent: false }, (response) => {
  response.resume().on('end', () => process.exit())
})`

/** Writes what is started into a directory. Each is the arguments after node's own options. */
export function writePrograms(directory) {
  const file = (name, source) => {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), source)
    return join(directory, name)
  }
  const express = installed('../../fixtures/express/5/node_modules/express')
  // Its presence alone makes ES modules observed.
  file('installed/node_modules/hono/package.json', '{}')
  const imports = Array.from({ length: MODULES }, (_, n) => {
    file(`modules/${n}.mjs`, `export const value = ${n}\n`)
    return `import { value as value${n} } from './${n}.mjs'\n`
  })
  const manyModules = `${imports.join('')}process.exitCode = value${MODULES - 1} === undefined ? 1 : 0\n`
  const programs = {
    'never serves': [file('script.cjs', '')],
    'never serves, hono installed': [file('installed/script.cjs', '')],
    'npm --version': [npm(), '--version'],
    'tsc --version, 7.0': [installed('../../node_modules/typescript/bin/tsc'), '--version'],
    'tsc --version, 5.0': [
      installed('../../fixtures/packaging/node_modules/typescript-oldest/bin/tsc'),
      '--version',
    ],
    'oxlint --version': [installed('../../node_modules/oxlint/bin/oxlint'), '--version'],
    'vitest --version': [installed('../../node_modules/vitest/vitest.mjs'), '--version'],
    'plain http server': [
      file(
        'http.cjs',
        `const server = require('node:http').createServer((request, response) => response.end('ok'))
         server.listen(0, '127.0.0.1', () => ${ASK_AND_END})`,
      ),
    ],
    'express app': [
      file(
        'express.cjs',
        `const app = require(${JSON.stringify(express)})()
         app.get('/', (request, response) => response.send('ok'))
         const server = app.listen(0, '127.0.0.1', () => ${ASK_AND_END})`,
      ),
    ],
    '1,000 ES modules': [file('modules/main.mjs', manyModules)],
    '1,000 ES modules, hono installed': [file('modules-installed/main.mjs', manyModules)],
    'a worker thread': [
      file(
        'worker.cjs',
        `const { Worker } = require('node:worker_threads')
         new Worker(${JSON.stringify(file('empty-worker.cjs', ''))})`,
      ),
    ],
  }
  file('modules-installed/node_modules/hono/package.json', '{}')
  for (let n = 0; n < MODULES; n++) file(`modules-installed/${n}.mjs`, `export const value = ${n}\n`)
  return { programs, empty: { cjs: file('empty.cjs', ''), mjs: file('empty.mjs', '') } }
}

function installed(path) {
  return fileURLToPath(new URL(path, import.meta.url))
}

/** The script behind the command. */
function npm() {
  const places = process.env.PATH.split(delimiter).map((directory) => join(directory, 'npm'))
  return realpathSync(places.find((place) => existsSync(place)))
}
