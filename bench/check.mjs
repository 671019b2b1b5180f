// Whether the package became dearer: instructions of each stage of an event's way, and bytes of what is packed, against
// bench/baseline.json. Fails above 5 %.
// Usage: npm run build && npm run bench:check [-- --accept]
// Instructions depend on Node to the patch, so they are compared only on the release that the baseline names.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { canCount } from './measure/callgrind.mjs'
import { instructionsOfStages } from './measure/stages.mjs'
import { stages } from './micro/stages.mjs'

const { values } = parseArgs({
  options: { accept: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})
const LIMIT = 1.05
/** In a process of its own each time: the least of them is what the code costs, the rest the compiler's whims. */
const MOST_RUNS = 3
/** For a baseline: a check that is above it by chance looks again. */
const ACCEPTED_RUNS = 2
/** Each is one thread, and nothing else on the machine changes what is counted. */
const PARALLEL = 2
/** Parsed by every process that has the preload. */
const PRELOAD = 'dist/preload.cjs'
const HOW_TO_ACCEPT = 'If that is worth it: npm run bench:check -- --accept, and commit bench/baseline.json.'

const root = fileURLToPath(new URL('..', import.meta.url))
const file = fileURLToPath(new URL('baseline.json', import.meta.url))
const baseline = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { instructions: {}, bytes: {} }

if (!canCount()) console.log('bench:check skipped: there is no valgrind here')
else if (values.accept) accept()
else if (baseline.node !== process.version)
  console.log(`bench:check skipped: the baseline is of Node ${baseline.node}, this is ${process.version}`)
else compare()

async function accept() {
  const instructions = await each(Object.keys(stages), (stage) => leastOf(stage, ACCEPTED_RUNS))
  writeFileSync(file, `${JSON.stringify({ node: process.version, instructions, bytes: sizes() }, null, 2)}\n`)
  console.log(`written to ${file}`)
}

async function compare() {
  const instructions = await each(Object.keys(stages), (stage) =>
    leastOf(stage, MOST_RUNS, (count) => count <= baseline.instructions[stage] * LIMIT),
  )
  const rows = [
    ...rowsOf('instructions', instructions, baseline.instructions),
    ...rowsOf('bytes', sizes(), baseline.bytes),
  ]
  if (values.json) console.log(JSON.stringify({ node: process.version, rows }))
  else console.table(rows.map((row) => ({ ...row, ratio: row.ratio?.toFixed(3) ?? 'new' })))
  const dearer = rows.filter(({ ratio }) => ratio === undefined || ratio > LIMIT)
  if (dearer.length === 0) return
  for (const { what, unit, before, now } of dearer)
    console.error(`${what}: ${before ?? 'no'} ${unit} in the baseline, ${now} now`)
  console.error(HOW_TO_ACCEPT)
  process.exitCode = 1
}

/** The least of some runs; no more of them than are needed to be good enough. */
async function leastOf(stage, runs, isGoodEnough = () => false) {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs && !isGoodEnough(least); run++) {
    const counted = await instructionsOfStages([stage], (rounds) => Math.min(...rounds))
    least = Math.min(least, Math.round(counted[stage]))
  }
  return least
}

async function each(names, of) {
  const results = Object.fromEntries(names.map((name) => [name, undefined]))
  const left = [...names]
  const work = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) results[name] = await of(name)
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return results
}

/** Of what is published, and of what is parsed in every process. */
function sizes() {
  const pack = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [{ size, unpackedSize }] = Object.values(JSON.parse(pack.toString()))
  return { packed: size, unpacked: unpackedSize, [PRELOAD]: statSync(`${root}/${PRELOAD}`).size }
}

function rowsOf(unit, now, before) {
  return Object.entries(now).map(([what, value]) => {
    const ratio = before[what] === undefined ? undefined : value / before[what]
    return { what, unit, before: before[what], now: value, ratio }
  })
}
