import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** What a shell adds to a signal's number to make an exit code of it. */
const EXIT_BASE = 128

/**
 * Closes on the first SIGINT or SIGTERM, and lets the signal end the process once that is done; a second one exits at once.
 *
 * @param close must not reject
 * @returns stops listening
 */
export function closeOnSignals(close: () => Promise<unknown>): () => void {
  let isClosing = false
  const received = (signal: NodeJS.Signals): void => {
    if (isClosing) process.exit(EXIT_BASE + constants.signals[signal])
    isClosing = true
    void close().then(() => {
      stop()
      process.kill(process.pid, signal)
    })
  }
  const stop = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, received)
  }
  for (const signal of SIGNALS) process.on(signal, received)
  // Once everything has closed by itself, the signals are the process's own again, unless one is being worked off.
  return () => {
    if (!isClosing) stop()
  }
}
