import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { AttemptInfo } from 'holdfast'
import { InspectorTarget, findSocketUrl } from './inspector-target.js'

const SCRIPT = fileURLToPath(new URL('./workload.js', import.meta.url))

/** Line that Node writes to stderr once its inspector is listening. With port 0, only this line contains the port. */
const LISTENING = /^Debugger listening on (ws:\S+)/

interface Run {
  readonly child: ChildProcess
  readonly inspector: Promise<URL>
}

/** The sample process. It is started when its URL is first needed, and again after it has exited. */
export class Workload extends InspectorTarget {
  #run: Run | undefined
  #isDisposed = false

  async url({ signal }: AttemptInfo): Promise<string> {
    this.#run ??= this.#start()
    return findSocketUrl(await this.#run.inspector, signal)
  }

  /** Kills the process and starts another. */
  async restart(): Promise<void> {
    if (this.#isDisposed) return
    const old = this.#run
    this.#run = this.#start()
    await stop(old)
  }

  /** Resolves once the process has exited. */
  async dispose(): Promise<void> {
    this.#isDisposed = true
    await stop(this.#run)
  }

  #start(): Run {
    const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', SCRIPT], {
      // The IPC channel closes when this process ends in any way, which ends the sample process.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A terminal sends Ctrl-C to its whole process group. Outside that group, the process lives until its connection is closed.
      detached: true,
    })
    const run = { child, inspector: findInspector(child.stderr as Readable) }
    child.once('error', () => undefined)
    child.once('exit', () => {
      if (this.#run === run) this.#run = undefined
    })
    return run
  }
}

/** Uses SIGKILL, because a process that ends normally waits for its debugger to detach. */
async function stop(run: Run | undefined): Promise<void> {
  if (!run || run.child.exitCode !== null || run.child.signalCode !== null) return
  const exited = once(run.child, 'exit')
  run.child.kill('SIGKILL')
  await exited
}

/** Finds the URL of the inspector. Keeps reading stderr, because a full pipe would block the process. */
function findInspector(stderr: Readable): Promise<URL> {
  const found = new Promise<URL>((resolve, reject) => {
    const lines = createInterface(stderr)
    let last = 'no output'
    lines.on('line', (line) => {
      last = line
      const [, url] = LISTENING.exec(line) ?? []
      if (url !== undefined) resolve(new URL(url))
    })
    lines.once('close', () =>
      reject(new Error(`The sample process ended before its inspector was listening: ${last}`)),
    )
  })
  // Connection attempts report the failure. If there is no attempt, this line prevents an unhandled rejection.
  found.catch(() => undefined)
  return found
}
