import { isClientClass } from '#src/annotations/handler-table.js'
import { moduleOptions } from '#src/annotations/metadata.js'
import { Client } from 'holdfast'
import type { Class } from 'holdfast'
import { HandlerCalls } from './handler-calls.js'
import { within } from './stage.js'
import type { Stage } from './stage.js'

/** Picks the classes out of what a module exports. */
export function classesOf(exports: object): readonly Class[] {
  return Object.values(exports).filter(
    (value): value is Class =>
      typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value)),
  )
}

async function playOne(stage: Stage, target: Class, watched: readonly Class[]): Promise<void> {
  const script = stage.enter(target.name)
  const calls = new HandlerCalls(watched, script)
  const app = await stage.start(target, script)
  const client = app instanceof Client ? app : app.clients[0]
  await calls.settle()
  if (client && stage.server.peer) await within('drive()', script.drive?.(client, stage.server.peer))
  await within('close()', app.close())
  const complaint = calls.complaint() ?? stage.complaint(calls.errors, script)
  if (complaint !== undefined) throw new Error(`${target.name} ${complaint}`)
}

/** Starts each client class of a snippet, or the modules that have them, and checks that the handlers run. */
export async function playClients(stage: Stage, exports: object): Promise<void> {
  const classes = classesOf(exports)
  const modules = classes.flatMap((target) => moduleOptions(target) ?? [])
  const imported = modules.flatMap(({ imports = [] }) => imports)
  const roots = classes.filter((target) => moduleOptions(target) && !imported.includes(target))
  const entries = modules.flatMap(({ clients = [] }) => clients)
  const listed = [...new Set(entries.map((entry) => (typeof entry === 'function' ? entry : entry.use)))]
  const others = classes.filter((target) => isClientClass(target) && !listed.includes(target))
  if (roots.length + others.length === 0) throw new Error('has no client class')
  for (const target of roots) await playOne(stage, target, listed)
  for (const target of others) await playOne(stage, target, [target])
}
