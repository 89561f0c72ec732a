/** The process that is watched: it keeps orders in a cache that grows until it is emptied, and reports its garbage collections. */
import { PerformanceObserver, constants } from 'node:perf_hooks'
import type { PerformanceEntry } from 'node:perf_hooks'

const TICK = 100
const ORDERS_PER_TICK = 1_500
const TICKS_PER_LINE = 15
const LARGEST_CACHE = 60_000

const KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'scavenge'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'mark-sweep'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental mark'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak callbacks'],
])

/** Node's types leave out what a 'gc' entry has beside the rest. */
interface CollectionEntry extends PerformanceEntry {
  readonly detail: { readonly kind: number }
}

new PerformanceObserver((list) => {
  for (const { detail, duration } of list.getEntries() as CollectionEntry[]) {
    console.debug('gc', KINDS.get(detail.kind) ?? 'other', duration)
  }
}).observe({ entryTypes: ['gc'] })

interface Order {
  readonly id: number
  readonly lines: readonly string[]
}

const cache = new Map<number, Order>()
let orderCount = 0
let tickCount = 0

function work(): void {
  for (let i = 0; i < ORDERS_PER_TICK; i += 1) {
    orderCount += 1
    cache.set(orderCount, { id: orderCount, lines: [`book ${orderCount % 97}`, `pen ${orderCount % 13}`] })
  }
  tickCount += 1
  if (cache.size > LARGEST_CACHE) {
    cache.clear()
    console.warn('the cache was full, and has been emptied')
  }
  if (tickCount % TICKS_PER_LINE === 0)
    console.log(`${orderCount} orders taken, ${cache.size} of them in the cache`)
}

setInterval(work, TICK)

// Whoever started it is gone. A normal end would wait for the debugger.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
