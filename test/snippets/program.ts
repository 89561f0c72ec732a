import { writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { Application, Client } from 'holdfast'
import type { Job, Part, Report } from './job.js'
import { Network } from './network.js'
import { SCRIPTS } from './pages/index.js'
import { playClients } from './play-clients.js'
import { playFunctions } from './play-functions.js'
import { keepPrints } from './prints.js'
import { ScriptedServer } from './scripted-server.js'
import { Stage } from './stage.js'

// Runs the snippets of one job. Their reports are written when the process ends, however it does. A program has to end by
// itself. After clients the process ends anyway, because one that hangs must not hide the results of the others.

const { page, parts, timeLimit, reports: path } = JSON.parse(process.argv[2] ?? '') as Job
const scripts = SCRIPTS[page] ?? {}
const server = new ScriptedServer(scripts)
const stage = new Stage(server, scripts)
const reports: Report[] = []

/** Keeps of the stack of an error only the lines of snippets. */
function note(error: unknown): void {
  const lines = (typeof error === 'string' ? error : inspect(error)).split('\n')
  const text = lines.filter((line) => !/^ +at /.test(line) || line.includes('.build/snippets')).join('\n')
  const failures = reports.at(-1)?.failures
  if (!failures?.includes(text)) failures?.push(text)
}

function refused(error: Error): void {
  note(error.message)
  stage.abort(error)
}

async function play({ kind, file }: Part): Promise<void> {
  stage.leave()
  const exports = (await import(file)) as object
  // A page may show a class together with its start. The class is played once more, with its handlers watched.
  for (const value of Object.values(exports) as unknown[])
    if (value instanceof Client || value instanceof Application) await value.close()
  if (kind === 'client') await playClients(stage, exports)
  if (kind === 'function') await playFunctions(stage, exports)
}

process.on('exit', () => {
  writeFileSync(path, JSON.stringify(reports))
})
setTimeout(() => {
  note(`did not end by itself: open are ${process.getActiveResourcesInfo().join(', ')}`)
  process.exit(1)
}, timeLimit).unref()
new Network(server, await server.listen(), refused).own()

for (const part of parts) {
  reports.push({ prints: keepPrints(new URL(part.file)), failures: [] })
  // A program fails as it would for its reader.
  if (part.kind === 'run') await play(part)
  else await play(part).catch(note)
}
if (parts.some(({ kind }) => kind !== 'run')) process.exit()
