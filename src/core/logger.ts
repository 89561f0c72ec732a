/**
 * Where Holdfast writes what no handler took, one string a call, so that the console, pino and their like all fit.
 * Inject it into a client to write there yourself: each line then names the connection.
 */
export abstract class Logger {
  abstract debug(message: string): void
  abstract info(message: string): void
  abstract warn(message: string): void
  abstract error(message: string): void
}

function nothing(): void {
  // Below the level, or switched off.
}

const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** The console, from `warn` up. */
const consoleLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: (message) => console.warn(message),
  error: (message) => console.error(message),
}

/**
 * Makes the logger of one connection out of the `logger` option: each line begins with the connection's name.
 * A logger that throws is nobody's problem but its own: what it throws is dropped.
 */
export function connectionLogger(option: Logger | false | undefined, name: string): Logger {
  if (option === false) return silent
  return new NamingLogger(option ?? consoleLogger, name)
}

class NamingLogger extends Logger {
  readonly #target: Logger
  readonly #name: string

  constructor(target: Logger, name: string) {
    super()
    this.#target = target
    this.#name = name
  }

  debug(message: string): void {
    this.#write('debug', message)
  }

  info(message: string): void {
    this.#write('info', message)
  }

  warn(message: string): void {
    this.#write('warn', message)
  }

  error(message: string): void {
    this.#write('error', message)
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', message: string): void {
    try {
      this.#target[level](`[${this.#name}] ${message}`)
    } catch {
      // There is no place left to report it to.
    }
  }
}
