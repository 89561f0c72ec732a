import { isClientClass } from '#src/annotations/handler-table.js'
import { Application, Client, HoldfastError, OnMessage } from 'holdfast'
import type { Class } from 'holdfast'
import { HandlerCalls } from './handler-calls.js'
import { classesOf } from './play-clients.js'
import { eventually } from '../support/eventually.js'
import { within } from './stage.js'
import type { Stage } from './stage.js'

/** Milliseconds after which the client of a function is closed, because some functions run until then. */
const TIME_LIMIT = 300

/** The client for snippets without a client class. */
class Listener {
  @OnMessage()
  received(): void {
    // The function is what is tested.
  }
}

type Callable = (...args: unknown[]) => unknown

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** Awaits what a function returns, reads a generator to its end, and closes a client once its handlers have run. */
async function finish(result: unknown, calls: HandlerCalls): Promise<void> {
  const value = await result
  if (value instanceof Client || value instanceof Application) {
    await calls.settle()
    await value.close()
    const complaint = calls.complaint()
    if (complaint !== undefined) throw new Error(complaint)
  } else if (isIterable(value) && 'return' in value) for await (const item of value) void item
}

async function playOne(
  stage: Stage,
  name: string,
  called: Callable,
  classes: readonly Class[],
): Promise<void> {
  const script = stage.enter(name)
  const finishing = async (args: readonly unknown[]): Promise<void> =>
    finish(called(...args), new HandlerCalls(classes, script))
  if (called.length === 0 && !script.args) return within(`${name}()`, finishing([]))
  const client = (await stage.start(classes[0] ?? Listener, script)) as Client
  const running = finishing(script.args?.(client) ?? [client.connection, client])
  let hasEnded = false
  let isClosing = false
  const ended = running.then(
    () => (hasEnded = true),
    (error: unknown) => {
      hasEnded = true
      if (!(isClosing && error instanceof HoldfastError)) throw error
    },
  )
  ended.catch(() => undefined)
  await eventually('the function has ended', () => hasEnded, TIME_LIMIT).catch(() => undefined)
  if (stage.server.peer) await within('drive()', script.drive?.(client, stage.server.peer))
  isClosing = true
  await within('close()', client.close())
  await within(`${name}()`, ended)
  const complaint = stage.complaint([], script)
  if (complaint !== undefined) throw new Error(`${name}: the client ${complaint}`)
}

/** Calls each function that a snippet exports with a connection and its client. */
export async function playFunctions(stage: Stage, exports: object): Promise<void> {
  const classes = classesOf(exports)
  const functions = Object.entries(exports).filter(
    (entry): entry is [string, Callable] =>
      typeof entry[1] === 'function' && !(classes as readonly unknown[]).includes(entry[1]),
  )
  if (functions.length === 0) throw new Error('exports no function')
  for (const [name, called] of functions) await playOne(stage, name, called, classes.filter(isClientClass))
}
