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

/** Returns a channel that cannot have subscribers. */
export function channel(): { readonly hasSubscribers: boolean; publish(message: unknown): void } {
  return { hasSubscribers: false, publish: () => undefined }
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
