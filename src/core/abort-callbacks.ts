/** Callbacks for one signal, which share one listener. */
class AbortCallbacks {
  readonly callbacks = new Set<() => void>()

  handleEvent(): void {
    for (const callback of [...this.callbacks]) callback()
  }
}

/**
 * Callbacks by signal. Module state, because independent parts of Holdfast use the same signal, and Node warns about a leak when a signal
 * gets its eleventh listener.
 */
const bySignal = new WeakMap<AbortSignal, AbortCallbacks>()

/**
 * Calls `callback` when the signal aborts, unless the callback is removed first. All callbacks for a signal share one listener. If the
 * signal has already aborted, the callback is never called.
 */
export function addAbortCallback(signal: AbortSignal, callback: () => void): void {
  let shared = bySignal.get(signal)
  if (!shared) {
    shared = new AbortCallbacks()
    bySignal.set(signal, shared)
    signal.addEventListener('abort', shared)
  }
  shared.callbacks.add(callback)
}

/** Removes a callback. Removing the last one also removes the listener. */
export function removeAbortCallback(signal: AbortSignal, callback: () => void): void {
  const shared = bySignal.get(signal)
  if (!shared?.callbacks.delete(callback) || shared.callbacks.size > 0) return
  bySignal.delete(signal)
  signal.removeEventListener('abort', shared)
}
