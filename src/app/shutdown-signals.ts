import { systemClock } from '../core/clock.js'

/** Signals, and their numbers on every system. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

type Signal = keyof typeof SIGNALS

/** Added to a signal's number to form an exit code, as shells do. */
const EXIT_BASE = 128

/**
 * Time in milliseconds within which a repeated signal counts as the same: one Ctrl-C can arrive twice, from the terminal and again from
 * npm.
 */
const SAME_WITHIN = 250

/** Shared by the process, because it receives each signal once, however many clients it has. */
const closers = new Set<() => Promise<unknown>>()
let isListening = false
let isClosing = false
let first: { readonly signal: Signal; readonly at: number } | undefined

/**
 * Closes on the first SIGINT or SIGTERM, then ends the process. A second signal exits immediately.
 *
 * @param close must not reject
 * @returns a function that stops listening
 */
export function closeOnSignals(close: () => Promise<unknown>): () => void {
  closers.add(close)
  listen()
  return () => {
    closers.delete(close)
    // Once everything has closed, the process handles the signals itself again, unless one is being handled now.
    if (closers.size === 0 && !isClosing) unlisten()
  }
}

function received(signal: Signal): void {
  const at = systemClock.now()
  if (isClosing && first?.signal === signal && at - first.at < SAME_WITHIN) return
  if (isClosing) process.exit(EXIT_BASE + SIGNALS[signal])
  isClosing = true
  first = { signal, at }
  void Promise.all([...closers].map((close) => close())).then(() => {
    isClosing = false
    unlisten()
    end(signal)
  })
}

/**
 * Ends the process by the signal itself, so that its parent sees which one it was. PID 1 of a container ignores signals that it does not
 * handle, and another listener would receive the signal twice. In both cases, the process exits with 128 plus its number instead.
 */
function end(signal: Signal): void {
  const endsBySignal = process.pid !== 1 && process.listenerCount(signal) === 0
  if (endsBySignal) process.kill(process.pid, signal)
  else process.exit(EXIT_BASE + SIGNALS[signal])
}

function listen(): void {
  if (isListening) return
  isListening = true
  for (const signal of Object.keys(SIGNALS)) process.on(signal, received)
}

function unlisten(): void {
  isListening = false
  for (const signal of Object.keys(SIGNALS)) process.removeListener(signal, received)
}
