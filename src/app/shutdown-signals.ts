import { systemClock } from '../core/clock.js'

/** Signals, and their numbers, which are the same on every system. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

type Signal = keyof typeof SIGNALS

/** Added to a signal's number to form the exit code, as in shells. */
const EXIT_BASE = 128

/**
 * Time in milliseconds within which a repeated signal is treated as the same signal. One Ctrl-C can arrive twice: from the terminal and
 * again from npm.
 */
const SAME_WITHIN = 250

/** Functions to call on a signal. Shared by the whole process, which receives each signal once, no matter how many clients it has. */
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
    // Once everything has closed, signals have their default effect again, unless one is being handled right now.
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
 * Ends the process with the signal itself, so that the parent process sees which signal it was. PID 1 in a container ignores signals that
 * it does not handle, and another listener would receive the signal twice. In both cases, the process exits with code 128 plus the signal's
 * number instead.
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
