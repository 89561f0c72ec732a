import { systemClock } from '../core/clock.js'

/** The signals, and their numbers on every system. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

type Signal = keyof typeof SIGNALS

/** What a shell adds to a signal's number to make an exit code of it. */
const EXIT_BASE = 128

/** One Ctrl-C can arrive twice, from the terminal and again from npm: the same signal within so many milliseconds is the same. */
const SAME_WITHIN = 250

/** What all that is to be closed has in common: a process gets each signal once, however many clients it has. */
const closers = new Set<() => Promise<unknown>>()
let isListening = false
let isClosing = false
let first: { readonly signal: Signal; readonly at: number } | undefined

/**
 * Closes on the first SIGINT or SIGTERM, and ends the process once all is closed; a second one exits at once.
 *
 * @param close must not reject
 * @returns stops listening
 */
export function closeOnSignals(close: () => Promise<unknown>): () => void {
  closers.add(close)
  listen()
  return () => {
    closers.delete(close)
    // Once everything has closed by itself, the signals are the process's own again, unless one is being worked off.
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
 * Ends the process by the signal itself, so that its parent sees which one it was. Process 1 of a container ignores signals that it does not
 * handle, and another listener would receive the signal twice: in both cases, the process exits with 128 plus its number instead.
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
