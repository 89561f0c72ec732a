import type { Context, RootHookObject, Suite } from 'mocha'
import { basename } from 'node:path'
import 'reflect-metadata'

// An unhandled rejection fails the run because of `unhandled-rejections=strict` in .mocharc.json. A listener would not do: a worker
// removes all of them after each file.

/** After so many milliseconds a handle that is still open is considered leaked. */
const PATIENCE = 5_000

/** What mocha itself keeps a process alive with: its output, a worker's channel to the main process, and the deadline of a hook. */
const OWN_HANDLES = [...handles(), 'Timeout']

/** Lists the kinds of whatever keeps this process alive; immediates are left out, because waiting is made of them. */
function handles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate')
}

/** Lists the kinds of all other handles. */
function leaked(): readonly string[] {
  const left = [...handles()]
  for (const kind of OWN_HANDLES) {
    const index = left.indexOf(kind)
    if (index >= 0) left.splice(index, 1)
  }
  return [...new Set(left)]
}

function hasFailed({ tests, suites }: Suite): boolean {
  return tests.some((test) => test.isFailed()) || suites.some(hasFailed)
}

/** Names the files that have run: one in a worker, all of them where there is no worker. */
function filesOf({ test }: Context): string {
  const files = new Set((test?.parent?.suites ?? []).map(({ file = '' }) => basename(file)))
  return [...files].join(', ')
}

export const mochaHooks: RootHookObject = {
  /** Nobody would notice otherwise that a file leaves a socket or a timer behind, because mocha ends its workers. */
  async afterAll(this: Context) {
    const deadline = performance.now() + PATIENCE
    do {
      await new Promise(setImmediate)
      if (leaked().length === 0) return
    } while (performance.now() < deadline)
    // A test that fails may well leave something behind.
    if (this.test?.parent && hasFailed(this.test.parent)) return
    throw new Error(`${filesOf(this)} left handles open: ${leaked().join(', ')}`)
  },
}
