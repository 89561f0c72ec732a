/** The sample process. It adds orders to a cache, clears the cache when it is full, and reports its garbage collections. */
import { PerformanceObserver, constants } from 'node:perf_hooks'
import type { PerformanceEntry } from 'node:perf_hooks'

const TICK = 100
const ORDERS_PER_TICK = 1_500
const TICKS_PER_LINE = 15
const LARGEST_CACHE = 60_000

const KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'scavenge'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'mark-sweep'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak callbacks'],
])

/** A `gc` entry, with the property that Node's types omit. */
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
    console.warn('cache full, cleared')
  }
  if (tickCount % TICKS_PER_LINE === 0)
    console.log(`${orderCount} orders received, ${cache.size} in the cache`)
}

setInterval(work, TICK)

// The app that started this process has ended. A normal exit would wait for the debugger to detach.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
