/** The few messages of the Chrome DevTools Protocol that are spoken here: https://chromedevtools.github.io/devtools-protocol/ */

/** The answer to the command with the same id. */
export interface Reply<R = unknown> {
  readonly result?: R
  readonly error?: { readonly code: number; readonly message: string }
}

interface InspectorEvent<P = unknown> {
  readonly method: string
  readonly params: P
}

export const HEAP_QUESTION = { method: 'Runtime.getHeapUsage' }

/** In bytes. */
export interface HeapUsage {
  readonly usedSize: number
  readonly totalSize: number
}

export interface RemoteObject {
  readonly type: string
  /** There for strings, numbers and the like. */
  readonly value?: unknown
  /** There for numbers, objects and functions. */
  readonly description?: string
}

export type ConsoleCalled = InspectorEvent<{
  /** The console's method: `log`, `warning`, … */
  readonly type: string
  readonly args: readonly RemoteObject[]
  /** In milliseconds since 1970. */
  readonly timestamp: number
}>

export type ContextCreated = InspectorEvent<{
  readonly context: {
    readonly id: number
    /** Of a Node process: its program and its id, `/usr/bin/node[1234]`. */
    readonly name: string
    readonly auxData?: { readonly isDefault?: boolean }
  }
}>

export type ContextDestroyed = InspectorEvent<{ readonly executionContextId: number }>

export type ExceptionThrown = InspectorEvent<{
  readonly exceptionDetails: { readonly text: string; readonly exception?: RemoteObject }
}>

/** Events are told apart by their method; replies have none. */
export function keyOf(message: unknown): string {
  return (message as Partial<InspectorEvent>).method ?? 'reply'
}

/** Shows an argument of the console as the console would. */
export function textOf({ value, description, type }: RemoteObject): string {
  if (typeof value === 'string') return value
  return description ?? (value === undefined ? type : JSON.stringify(value))
}
