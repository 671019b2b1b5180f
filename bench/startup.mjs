// What the preload adds to a process's start, in CPU and memory, over the same process with an empty preload.
// Usage: npm run build && node bench/startup.mjs [--runs 40] [--json] [--node /path/to/another/node …]
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '40' },
    json: { type: 'boolean', default: false },
    node: { type: 'string', multiple: true, default: [process.execPath] },
  },
})
const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'peekapi-startup-'))
const file = (name, source) => {
  mkdirSync(dirname(join(scratch, name)), { recursive: true })
  writeFileSync(join(scratch, name), source)
  return join(scratch, name)
}

// The process reports on itself as its last act: getrusage covers its whole life, node's own start included.
const report = `const { user, system } = process.cpuUsage(); console.log(JSON.stringify({ cpu: (user + system) / 1000, rss: process.resourceUsage().maxRSS / 1024 }))`
const programs = {
  'never serves': file('script.cjs', report),
  // Its presence alone makes ES modules observed.
  'never serves, hono installed': file('installed/script.cjs', report),
  'plain http server': file(
    'http.cjs',
    `const server = require('node:http').createServer((request, response) => response.end('ok'))
     server.listen(0, '127.0.0.1', () => require('node:http').get({ port: server.address().port, agent: false }, (response) => {
       response.resume().on('end', () => server.close(() => { ${report}; process.exit() }))
     }))`,
  ),
}
file('installed/node_modules/hono/package.json', '{}')
const preloads = {
  bare: [],
  'empty --require': ['--require', file('empty.cjs', '')],
  '--require': ['--require', join(root, 'register.cjs')],
  'empty --import': ['--import', file('empty.mjs', '')],
  '--import': ['--import', join(root, 'register.mjs')],
}

const env = {
  PEEKAPI_API_KEY: 'bench',
  PEEKAPI_ENDPOINT: 'http://127.0.0.1:9/',
  PEEKAPI_STORAGE_PATH: 'none',
}
const cells = values.node.flatMap((node) =>
  Object.entries(programs).flatMap(([program, path]) =>
    Object.entries(preloads).map(([preload, args]) => ({
      node,
      program,
      preload,
      command: [...args, path],
      cpu: [],
      rss: [],
    })),
  ),
)
for (let run = 0; run < Number(values.runs); run++) {
  // Shuffled, so that a slow spell of the machine falls on all alike.
  for (const cell of cells.toSorted(() => Math.random() - 0.5)) {
    const { cpu, rss } = JSON.parse(execFileSync(cell.node, cell.command, { env, encoding: 'utf8' }))
    cell.cpu.push(cpu)
    cell.rss.push(rss)
  }
}
rmSync(scratch, { recursive: true })

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const version = new Map(
  values.node.map((node) => [node, execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()]),
)
const rows = cells.map(({ node, program, preload, cpu, rss }) => {
  const bare = cells.find((cell) => cell.node === node && cell.program === program && cell.preload === 'bare')
  return {
    node: version.get(node),
    program,
    preload,
    'CPU ms': Number(median(cpu).toFixed(1)),
    '+ms': Number((median(cpu) - median(bare.cpu)).toFixed(1)),
    'RSS MB': Number(median(rss).toFixed(1)),
    '+MB': Number((median(rss) - median(bare.rss)).toFixed(1)),
  }
})
if (values.json) console.log(JSON.stringify(rows))
else console.table(rows)
