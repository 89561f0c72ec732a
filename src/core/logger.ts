import { escapeText, framesOf } from './error-text.js'
import { ignore, isThenable } from './thenable.js'

/** Values that belong to a line of the log. */
export interface LogFacts {
  /** Error that the line is about, with its stack and its cause. The line has its message already. */
  readonly err?: Error | undefined
  readonly [name: string]: unknown
}

/**
 * Receives log lines: errors that no `@OnError` handles, warnings, and each change of state. A message is one line of text, in which
 * everything that the server said is escaped. An error comes as a value, for loggers that write JSON.
 *
 * Inject it into a client to log to the same place: each line then names the connection.
 */
export abstract class Logger {
  abstract debug(message: string, facts?: LogFacts): void
  abstract info(message: string, facts?: LogFacts): void
  abstract warn(message: string, facts?: LogFacts): void
  abstract error(message: string, facts?: LogFacts): void
}

type Level = 'debug' | 'info' | 'warn' | 'error'

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error']

function nothing(): void {
  // Below the level, or switched off.
}

const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** The console, from a level up. It would print an error with its cause and everything in them unescaped, so it receives text only. */
function consoleLogger(lowest: Level): Logger {
  const write =
    (level: Level) =>
    (message: string, { err }: LogFacts = {}): void => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(lowest)) return
      console[level]([message, ...(err && !isOurs(err) ? framesOf(err) : [])].join('\n'))
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** The stack of a user's error leads into the user's code; that of our own would lead into ours. */
function isOurs({ code }: Error & { readonly code?: unknown }): boolean {
  return typeof code === 'string' && code.startsWith('HOLDFAST_')
}

/** The default. */
const warnings = consoleLogger('warn')

/**
 * Makes the logger of one connection from the `logger` option: each line begins with the connection's name. Exceptions thrown by the
 * logger are ignored.
 */
export function connectionLogger(option: Logger | false | undefined, name: string): Logger {
  if (option === false) return silent
  return new NamingLogger(option === console ? consoleLogger('debug') : (option ?? warnings), name)
}

/** Returns false if what is logged at `info` goes nowhere, so that it need not be put in words. */
export function logsInfo(logger: Logger): boolean {
  return logger instanceof NamingLogger ? logger.logsInfo : logger !== silent
}

/** A logger may be asynchronous, whatever its type says. */
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
      // A console that received `undefined` would print it.
      const written = facts ? this.#target[level](line, facts) : this.#target[level](line)
      if (isThenable(written)) ignore(written)
    } catch {
      // There is no place left to report it to.
    }
  }
}
