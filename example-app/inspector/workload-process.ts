import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { AttemptInfo } from 'holdfast'
import { InspectorTarget, findSocketUrl } from './inspector-target.js'

const SCRIPT = fileURLToPath(new URL('./workload.js', import.meta.url))

/** What Node says on stderr once its inspector listens; with port 0 this is the only place that has the port. */
const LISTENING = /^Debugger listening on (ws:\S+)/

interface Run {
  readonly child: ChildProcess
  readonly inspector: Promise<URL>
}

/** The workload, a process of our own: started when its url is first asked for, and again when it is gone. */
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

  /** Resolves once the process is gone. */
  async dispose(): Promise<void> {
    this.#isDisposed = true
    await stop(this.#run)
  }

  #start(): Run {
    const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', SCRIPT], {
      // Through the channel it notices when this process is gone, however that went.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A terminal sends Ctrl-C to the whole group of processes: out of it, this one lives until its connection is closed.
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

/** Nothing milder than SIGKILL would do: a process that ends normally waits for its debugger to go. */
async function stop(run: Run | undefined): Promise<void> {
  if (!run || run.child.exitCode !== null || run.child.signalCode !== null) return
  const exited = once(run.child, 'exit')
  run.child.kill('SIGKILL')
  await exited
}

/** Reads stderr to its end, for a full pipe would stop the process. */
function findInspector(stderr: Readable): Promise<URL> {
  const found = new Promise<URL>((resolve, reject) => {
    const lines = createInterface(stderr)
    let last = 'it said nothing'
    lines.on('line', (line) => {
      last = line
      const [, url] = LISTENING.exec(line) ?? []
      if (url !== undefined) resolve(new URL(url))
    })
    lines.once('close', () =>
      reject(new Error(`The workload has ended before its inspector listened: ${last}`)),
    )
  })
  // Whoever asks for the url hears of it; without an attempt nobody does.
  found.catch(() => undefined)
  return found
}
