'use strict'
// In every server that is measured, the bare ones too: tells what only the process itself can know.
const { monitorEventLoopDelay } = require('node:perf_hooks')
const { GCProfiler, getHeapStatistics } = require('node:v8')

const NANOSECONDS_PER_MILLISECOND = 1e6
/** As fine as timers are. */
const delay = monitorEventLoopDelay({ resolution: 1 })
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
  'watch the event loop': () => void delay.enable(),
  'leave the event loop': () => void delay.disable(),
  /** Milliseconds that timers were late, while it was watched. */
  'event loop delay': () => ({
    p99: delay.percentile(99) / NANOSECONDS_PER_MILLISECOND,
    max: delay.max / NANOSECONDS_PER_MILLISECOND,
  }),
}

process.on('message', ({ question }) => process.send({ question, answer: questions[question]() }))
