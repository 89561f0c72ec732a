/** Calls all callbacks of one signal: one listener for them all. */
class AbortCallbacks {
  readonly callbacks = new Set<() => void>()

  handleEvent(): void {
    for (const callback of [...this.callbacks]) callback()
  }
}

/**
 * The callbacks of each signal that has any. Module state, because a signal is shared by users that do not know each other: Node
 * warns of a leak at the eleventh listener of one signal.
 */
const bySignal = new WeakMap<AbortSignal, AbortCallbacks>()

/**
 * Calls `callback` when the signal aborts, until it is removed. All callbacks of one signal share one listener. A signal that has
 * aborted already calls nobody.
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

/** Removes a callback. The last one takes the listener with it. */
export function removeAbortCallback(signal: AbortSignal, callback: () => void): void {
  const shared = bySignal.get(signal)
  if (!shared?.callbacks.delete(callback) || shared.callbacks.size > 0) return
  bySignal.delete(signal)
  signal.removeEventListener('abort', shared)
}
