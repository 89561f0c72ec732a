import type { Context, RootHookObject, Suite } from 'mocha'
import { basename } from 'node:path'
import 'reflect-metadata'
import { liveConnections } from '#src/diagnostics/live-connections.js'

// `unhandled-rejections=strict` in .mocharc.json makes an unhandled rejection fail the run. A listener would not work, because a worker
// removes all listeners after each file.

/** Time in milliseconds after which an open handle is considered leaked. */
const PATIENCE = 5_000

/** The handles of mocha itself: its output, a worker's channel to the main process, and the timeout of a hook. */
const OWN_HANDLES = [...handles(), 'Timeout']

/** Returns the kinds of all handles that keep this process alive, except immediates, which the waiting itself uses. */
function handles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate')
}

/** Returns the kinds of all handles that mocha does not own. */
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

/** Returns the names of the files that have run: one in a worker, all of them without workers. */
function filesOf({ test }: Context): string {
  const files = new Set((test?.parent?.suites ?? []).map(({ file = '' }) => basename(file)))
  return [...files].join(', ')
}

export const mochaHooks: RootHookObject = {
  /** Forgets the connections that a test did not close, because the list of live connections belongs to the process. */
  afterEach() {
    liveConnections().clear()
  },
  /** Detects leaked sockets and timers. They would otherwise go unnoticed, because mocha ends its workers. */
  async afterAll(this: Context) {
    const deadline = performance.now() + PATIENCE
    do {
      await new Promise(setImmediate)
      if (leaked().length === 0) return
    } while (performance.now() < deadline)
    // A failed test can leave handles open.
    if (this.test?.parent && hasFailed(this.test.parent)) return
    throw new Error(`${filesOf(this)} left handles open: ${leaked().join(', ')}`)
  },
}
