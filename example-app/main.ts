import 'reflect-metadata'
import { bootstrap } from 'holdfast'
import { startInspector } from 'holdfast/inspector'
import { setTimeout as delay } from 'node:timers/promises'
import { appModule } from './app.module.js'
import { InspectorTarget } from './inspector/inspector-target.js'
import { Workload } from './inspector/workload-process.js'
import { introduction } from './introduction.js'
import { HELP, UsageError, readSettings } from './settings.js'
import type { Settings } from './settings.js'
import { Terminal } from './terminal/terminal.js'

async function run(settings: Settings): Promise<void> {
  // Started first, so that it sees the connections from their beginning. It does not keep the process alive.
  const page = settings.isPageWanted ? await startInspector() : undefined
  const app = await bootstrap(appModule(settings), { shutdownSignals: true })
  const terminal = app.get(Terminal)
  terminal.text(introduction(settings, page?.url))

  const target = app.get(InspectorTarget)
  if (target instanceof Workload) void restartLater(target, settings.restartAfter, terminal)

  const { duration } = settings
  const timeIsUp = duration === undefined ? never() : later(duration).then(() => 0)
  // All connections close on their own only after fatal errors, or after Ctrl-C, which sets its own exit code.
  const allClosed = Promise.all(app.clients.map((client) => client.closed)).then(() => 1)
  process.exitCode = await Promise.race([timeIsUp, allClosed])
  await app.close()
  await page?.close()
}

async function restartLater(workload: Workload, time: number, terminal: Terminal): Promise<void> {
  await later(time)
  terminal.line('app', 'restarting the sample process, which breaks its connection')
  terminal.line('app', 'the new process has another URL: the client looks it up')
  await workload.restart()
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}

/** Waits without keeping the process alive. */
function later(time: number): Promise<void> {
  return delay(time, undefined, { ref: false })
}

try {
  const settings = readSettings(process.argv.slice(2))
  if (settings.isHelpWanted) process.stdout.write(HELP)
  else await run(settings)
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown
  process.stderr.write(`${thrown.message}\n\n${HELP}`)
  process.exitCode = 2
}
