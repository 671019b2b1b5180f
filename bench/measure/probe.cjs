'use strict'
// In every server that is measured, the bare ones too: tells what only the process itself can know.
const { createHistogram } = require('node:perf_hooks')
const { GCProfiler, getHeapStatistics, setFlagsFromString } = require('node:v8')
const { runInNewContext } = require('node:vm')

const NANOSECONDS_PER_MILLISECOND = 1e6
/** As fine as timers are. */
const TICK_MS = 1
// `monitorEventLoopDelay` would count the time between two watches as one long delay.
const delay = createHistogram()
let watch
const profiler = { collections: undefined, usedAtStart: 0 }

const questions = {
  'begin to watch allocations'() {
    profiler.collections = new GCProfiler()
    profiler.collections.start()
    profiler.usedAtStart = getHeapStatistics().used_heap_size
  },
  /** Bytes that the heap grew by between collections, since it was begun. Buffers' memory is not in the heap. */
  'bytes allocated'() {
    let before = profiler.usedAtStart
    let bytes = 0
    const grownTo = (used) => (bytes += Math.max(0, used - before))
    for (const { beforeGC, afterGC } of profiler.collections.stop().statistics) {
      grownTo(beforeGC.heapStatistics.usedHeapSize)
      before = afterGC.heapStatistics.usedHeapSize
    }
    grownTo(getHeapStatistics().used_heap_size)
    return bytes
  },
  /** What is held, buffers included: resident memory also has what V8 keeps for later. */
  'live bytes'() {
    setFlagsFromString('--expose-gc')
    runInNewContext('gc')()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  },
  'watch the event loop'() {
    let last = performance.now()
    watch = setInterval(() => {
      const now = performance.now()
      delay.record(Math.max(1, Math.round((now - last) * NANOSECONDS_PER_MILLISECOND)))
      last = now
    }, TICK_MS)
  },
  'leave the event loop': () => clearInterval(watch),
  /** Milliseconds between two rounds of it, the timer's own included, while it was watched. */
  'event loop delay': () => ({
    p99Ms: delay.percentile(99) / NANOSECONDS_PER_MILLISECOND,
    maxMs: delay.max / NANOSECONDS_PER_MILLISECOND,
  }),
}

process.on('message', ({ question }) => process.send({ question, answer: questions[question]() }))
