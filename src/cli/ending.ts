import type { CloseInfo } from '../index.js'
import { endedWell } from '../terminal/close-text.js'

/** Exit codes of `holdfast`. */
export const ExitCode = {
  /** The connection ended normally. */
  OK: 0,
  /** The connection did not open. */
  NOT_CONNECTED: 1,
  /** The command line, or the input, contains a mistake. */
  USAGE: 2,
  /** The connection was lost, or the server closed it with an error code. */
  LOST: 3,
  /** Fewer messages arrived than `--count` expects. */
  INCOMPLETE: 4,
  /** SIGINT, or Ctrl+C. */
  INTERRUPTED: 130,
  /** SIGTERM. */
  TERMINATED: 143,
} as const

/** Returns the exit code for the end of a connection that has been open. */
export function exitCodeOf(close: CloseInfo, received: number, count: number | undefined): number {
  if (count !== undefined && received >= count) return ExitCode.OK
  if (!endedWell(close)) return ExitCode.LOST
  return count === undefined ? ExitCode.OK : ExitCode.INCOMPLETE
}

/** Conditions for the end of a session. Times are in milliseconds. */
export interface EndingRules {
  /** Time to stay connected after the last input; `undefined` means the default. */
  readonly wait: number | undefined
  readonly count: number | undefined
  /** Whether `-x` or `--file` was given. */
  readonly hasOpening: boolean
}

/** Default time to stay connected after piped input, in milliseconds. */
const DEFAULT_WAIT = 1_000

/**
 * Returns how long to stay connected after the input has ended. `undefined` means indefinitely: until `--count` messages have arrived, or
 * until the server or a signal ends the connection.
 */
export function waitAfterInput({ wait, count, hasOpening }: EndingRules): number | undefined {
  if (wait !== undefined) return wait
  return count !== undefined || hasOpening ? undefined : DEFAULT_WAIT
}

/** Returns how long to stay connected after `-x` if no input arrives. With `--wait`, the input doesn't have to end. */
export function waitAfterOpening({ wait, hasOpening }: EndingRules): number | undefined {
  return hasOpening ? wait : undefined
}
