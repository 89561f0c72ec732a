// Replaces platform.ts on runtimes without Node's modules, through the "browser" condition in package.json.

/** Keeps its store only until `run` returns, because browsers cannot track a call across an await yet. */
export class AsyncLocalStorage<T> {
  #store: T | undefined

  getStore(): T | undefined {
    return this.#store
  }

  run<R>(store: T, callback: () => R): R {
    const before = this.#store
    this.#store = store
    try {
      return callback()
    } finally {
      this.#store = before
    }
  }

  disable(): void {
    this.#store = undefined
  }
}

/** The part of a Node channel that Holdfast uses. */
interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
  runStores<R>(message: unknown, run: () => R): R
}

const SILENT: Channel = {
  hasSubscribers: false,
  publish: () => undefined,
  runStores: (_message, run) => run(),
}

/** Returns a channel that cannot have subscribers. */
export function channel(): Channel {
  return SILENT
}

/** Returns the channels of a traced call. They cannot have subscribers. */
export function tracingChannel(): Readonly<
  Record<'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error', Channel>
> {
  return { start: SILENT, end: SILENT, asyncStart: SILENT, asyncEnd: SILENT, error: SILENT }
}

/** Does nothing, because a browser has no channels. */
export function subscribe(): void {
  // Nothing is published.
}

/** Does nothing, because a browser has no channels. */
export function unsubscribe(): boolean {
  return false
}

/** Returns no proxy, because a browser has no environment variables. */
export function getProxyForUrl(): string {
  return ''
}

/** Calls `callback` once, after one turn of the event loop. Returns a function that cancels the call. */
export function nextTurn(callback: () => void): () => void {
  const timer = setTimeout(callback, 0)
  return () => clearTimeout(timer)
}
