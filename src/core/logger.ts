import { escapeText, framesOf } from './error-text.js'
import { ignore, isThenable } from './thenable.js'

/** Values that accompany a log line. */
export interface LogFacts {
  /** The error being logged, with its stack and its cause. The error's message is already part of the line. */
  readonly err?: Error | undefined
  readonly [name: string]: unknown
}

/**
 * Receives log lines: errors that no `@OnError` handles, warnings, and every state change. Each message is one line of text, in which
 * everything from the server is escaped. Errors are also passed as values, for loggers that write JSON.
 *
 * Inject it into a client to write to the same log. Each line then starts with the name of the connection.
 */
export abstract class Logger {
  /** Writes a line for debugging. */
  abstract debug(message: string, facts?: LogFacts): void
  /** Writes a line about normal operation, such as a state change. */
  abstract info(message: string, facts?: LogFacts): void
  /** Writes a warning: something that works, but needs attention. */
  abstract warn(message: string, facts?: LogFacts): void
  /** Writes an error that no `@OnError` handles. */
  abstract error(message: string, facts?: LogFacts): void
}

/** A logger whose method for `info` lines is called `log`, such as Nest's. It receives only text: the line and, for an error, its stack frames. */
export interface LogLogger {
  /** Writes a line for debugging. */
  debug?(message: string): unknown
  /** Writes a line about normal operation. */
  log(message: string): unknown
  /** Writes a warning. */
  warn(message: string): unknown
  /** Writes an error, with its stack. */
  error(message: string, stack?: string): unknown
}

type Level = 'debug' | 'info' | 'warn' | 'error'

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error']

function nothing(): void {
  // The level is too low, or logging is disabled.
}

const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/**
 * Returns a logger that writes lines at or above the given level to the console. Writes only text, because the console would print an error
 * unescaped, with its cause and all its properties.
 */
function consoleLogger(lowest: Level): Logger {
  const write =
    (level: Level) =>
    (message: string, { err }: LogFacts = {}): void => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(lowest)) return
      console[level]([message, ...(err && !isOurs(err) ? framesOf(err) : [])].join('\n'))
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** Returns true for Holdfast's own errors. Their stack traces lead into Holdfast, not into user code. */
function isOurs({ code }: Error & { readonly code?: unknown }): boolean {
  return typeof code === 'string' && code.startsWith('HOLDFAST_')
}

/** The default logger. */
const warnings = consoleLogger('warn')

/**
 * Returns a connection's logger, created from the `logger` option. Each line starts with the name of the connection. Exceptions thrown by
 * the logger are ignored.
 */
export function connectionLogger(option: Logger | LogLogger | false | undefined, name: string): Logger {
  if (option === false) return silent
  if (option === console) return new NamingLogger(consoleLogger('debug'), name)
  return new NamingLogger(option && !hasInfo(option) ? withInfo(option) : (option ?? warnings), name)
}

function hasInfo(logger: Logger | LogLogger): logger is Logger {
  return 'info' in logger && typeof logger.info === 'function'
}

/** Adapts a logger that has `log` instead of `info`. Such loggers print every value that they receive, so errors are passed as text. */
function withInfo(logger: LogLogger): Target {
  return {
    debug: (message) => logger.debug?.(message),
    info: (message) => logger.log(message),
    warn: (message) => logger.warn(message),
    error(message, { err } = {}) {
      const frames = err && !isOurs(err) ? framesOf(err) : []
      return frames.length > 0 ? logger.error(message, frames.join('\n')) : logger.error(message)
    },
  }
}

/** Returns false if `info` lines are discarded, so that their text does not have to be created. */
export function logsInfo(logger: Logger): boolean {
  return logger instanceof NamingLogger ? logger.logsInfo : logger !== silent
}

/** A logger whose methods can return promises, even though its type does not allow that. */
type Target = Readonly<Record<Level, (message: string, facts?: LogFacts) => unknown>>

class NamingLogger extends Logger {
  readonly #target: Target
  readonly #name: string

  constructor(target: Target, name: string) {
    super()
    this.#target = target
    this.#name = name
  }

  get logsInfo(): boolean {
    return this.#target !== warnings
  }

  debug(message: string, facts?: LogFacts): void {
    this.#write('debug', message, facts)
  }

  info(message: string, facts?: LogFacts): void {
    this.#write('info', message, facts)
  }

  warn(message: string, facts?: LogFacts): void {
    this.#write('warn', message, facts)
  }

  error(message: string, facts?: LogFacts): void {
    this.#write('error', message, facts)
  }

  #write(level: Level, message: string, facts: LogFacts | undefined): void {
    const line = escapeText(`[${this.#name}] ${message}`)
    try {
      // If `facts` were always passed, the console would print `undefined`.
      const written = facts ? this.#target[level](line, facts) : this.#target[level](line)
      if (isThenable(written)) ignore(written)
    } catch {
      // There is nowhere else to report the error.
    }
  }
}
