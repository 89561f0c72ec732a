/** The messages of the Chrome DevTools Protocol that this app uses: https://chromedevtools.github.io/devtools-protocol/ */

/** Reply to the command with the same ID. */
export interface Reply<R = unknown> {
  readonly result?: R
  readonly error?: { readonly code: number; readonly message: string }
}

interface InspectorEvent<P = unknown> {
  readonly method: string
  readonly params: P
}

export const HEAP_QUESTION = { method: 'Runtime.getHeapUsage' }

/** Sizes in bytes. */
export interface HeapUsage {
  readonly usedSize: number
  readonly totalSize: number
}

export interface RemoteObject {
  readonly type: string
  /** Set for primitive values, such as strings and numbers. */
  readonly value?: unknown
  /** Set for numbers, objects and functions. */
  readonly description?: string
}

export type ConsoleCalled = InspectorEvent<{
  /** Method of the console: `log`, `warning`, … */
  readonly type: string
  readonly args: readonly RemoteObject[]
  /** In milliseconds since the Unix epoch. */
  readonly timestamp: number
}>

export type ContextCreated = InspectorEvent<{
  readonly context: {
    readonly id: number
    /** Program and process ID of a Node process, such as `/usr/bin/node[1234]`. */
    readonly name: string
    readonly auxData?: { readonly isDefault?: boolean }
  }
}>

export type ContextDestroyed = InspectorEvent<{ readonly executionContextId: number }>

export type ExceptionThrown = InspectorEvent<{
  readonly exceptionDetails: { readonly text: string; readonly exception?: RemoteObject }
}>

/** Returns an event's method, or `reply` for replies, which have no method. */
export function keyOf(message: unknown): string {
  return (message as Partial<InspectorEvent>).method ?? 'reply'
}

/** Formats an argument as the console would. */
export function textOf({ value, description, type }: RemoteObject): string {
  if (typeof value === 'string') return value
  return description ?? (value === undefined ? type : JSON.stringify(value))
}
