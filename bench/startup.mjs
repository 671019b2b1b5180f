// What the preload adds to a process's start: CPU, wall time and memory, over the same process with an empty preload.
// Usage: npm run build && node fixtures/install.mjs packaging && node bench/startup.mjs [--runs 20] [--only express|npm] [--json]
//        [--node /path/to/another/node …]   (default: this one; `all`: the newest of each line in fixtures/nodes)
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median, shuffled } from './measure/statistics.mjs'
import { writePrograms } from './startup/programs.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    node: { type: 'string', multiple: true, default: [process.execPath] },
  },
})
const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'peekapi-startup-'))
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))

const { programs, empty } = writePrograms(scratch)
const preloads = {
  bare: [],
  'empty --require': ['--require', empty.cjs],
  '--require': ['--require', path('../register.cjs')],
  'empty --import': ['--import', empty.mjs],
  '--import': ['--import', path('../register.mjs')],
}
const report = join(scratch, 'report.json')
const env = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  STARTUP_REPORT: report,
  PEEKAPI_API_KEY: 'bench',
  PEEKAPI_ENDPOINT: 'http://127.0.0.1:9/',
  PEEKAPI_STORAGE_PATH: 'none',
}

const cells = values.node.flatMap(executables).flatMap((node) =>
  Object.entries(programs)
    .filter(([program]) => values.only.split('|').some((part) => program.includes(part)))
    .flatMap(([program, args]) =>
      Object.entries(preloads).map(([preload, options]) => ({
        node,
        program,
        preload,
        cpu: [],
        wall: [],
        rss: [],
        command: ['--require', path('startup/report.cjs'), ...options, ...args],
      })),
    ),
)
for (let run = 0; run < Number(values.runs); run++) for (const cell of shuffled(cells)) measure(cell)

const rows = cells.map((cell) => {
  const bare = cells.find(
    ({ node, program, preload }) => node === cell.node && program === cell.program && preload === 'bare',
  )
  const over = (what) => Number((median(cell[what]) - median(bare[what])).toFixed(1))
  const { program, preload } = cell
  const absolute = {
    'CPU ms': Number(median(cell.cpu).toFixed(1)),
    'RSS MB': Number(median(cell.rss).toFixed(1)),
  }
  const added = { '+CPU ms': over('cpu'), '+wall ms': over('wall'), '+MB': over('rss') }
  return { node: versionOf(cell.node), program, preload, ...absolute, ...added }
})
if (values.json) console.log(JSON.stringify(rows))
else console.table(rows)

function measure({ node, command, cpu, wall, rss }) {
  const begun = performance.now()
  execFileSync(node, command, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  wall.push(performance.now() - begun)
  const usage = JSON.parse(readFileSync(report, 'utf8'))
  cpu.push(usage.cpu)
  rss.push(usage.rss)
}

function executables(node) {
  if (node !== 'all') return [node]
  const directory = path('../fixtures/nodes/node_modules')
  if (!existsSync(directory)) throw new Error('npm ci in fixtures/nodes brings them')
  const newest = new Map()
  const releases = readdirSync(directory).filter((name) => name.startsWith('node-'))
  for (const name of releases.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })))
    newest.set(/node-(\d+)/.exec(name)[1], join(directory, name, 'bin/node'))
  return [...newest.values()]
}

function versionOf(node) {
  return execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
}
