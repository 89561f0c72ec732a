import { expect } from 'chai'
import { connectionLogger, logsInfo } from '#src/core/logger.js'
import { EncodeError } from 'holdfast'
import type { Logger } from 'holdfast'
import { KeepingLogger } from '../support/keeping-logger.js'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** Replaces the console while a function runs, and returns the lines written to it. */
function writtenTo(console: Console, run: () => void): string[] {
  const written: string[] = []
  const kept = LEVELS.map((level) => [level, console[level]] as const)
  for (const level of LEVELS)
    console[level] = (...args: unknown[]) => void written.push([level, ...args].join(' '))
  try {
    run()
  } finally {
    for (const [level, method] of kept) console[level] = method
  }
  return written
}

describe('connectionLogger', () => {
  it("starts each line with the connection's name, and keeps the target's level and `this`", () => {
    const target = new KeepingLogger()
    const logger = connectionLogger(target, 'Ticker#1')
    for (const level of LEVELS) logger[level](`a ${level}`)
    expect(target.lines).to.deep.equal(LEVELS.map((level) => `${level} [Ticker#1] a ${level}`))
  })

  it('writes warnings and errors to the console by default', () => {
    const logger = connectionLogger(undefined, 'Ticker#1')
    const written = writtenTo(console, () => {
      for (const level of LEVELS) logger[level]('said')
    })
    expect(written).to.deep.equal(['warn [Ticker#1] said', 'error [Ticker#1] said'])
  })

  it('writes nothing if the option is false', () => {
    const logger = connectionLogger(false, 'Ticker#1')
    const written = writtenTo(console, () => {
      for (const level of LEVELS) logger[level]('said')
    })
    expect(written).to.deep.equal([])
  })

  it('passes an error as a value, and omits the second argument if there is no error', () => {
    const calls: unknown[][] = []
    const write = (...args: unknown[]): void => void calls.push(args)
    const logger = connectionLogger({ debug: write, info: write, warn: write, error: write }, 'Ticker')
    const err = new Error('gap')
    logger.error('handle: failed', { err })
    logger.info('state: open')
    expect(calls).to.deep.equal([['[Ticker] handle: failed', { err }], ['[Ticker] state: open']])
  })

  it('reports whether lines at level info are written', () => {
    const isLogged = (option: Logger | false | undefined): boolean => logsInfo(connectionLogger(option, 'x'))
    expect([undefined, false as const].map(isLogged)).to.deep.equal([false, false])
    expect([console, new KeepingLogger()].map(isLogged)).to.deep.equal([true, true])
    expect(logsInfo(new KeepingLogger())).to.equal(true)
  })

  it('writes info lines to a logger that has log instead of info, and passes it only text', () => {
    const lines: unknown[][] = []
    const target = {
      log: (...given: unknown[]) => lines.push(['log', ...given]),
      warn: (...given: unknown[]) => lines.push(['warn', ...given]),
      error: (...given: unknown[]) => lines.push(['error', ...given]),
    }
    const logger = connectionLogger(target, 'a')
    const err = new Error('boom')
    err.stack = 'Error: boom\n    at f (file.js:1:1)'
    logger.debug('hidden')
    logger.info('one', { key: 1 })
    logger.warn('two', { err })
    logger.error('three', { err })
    logger.error('four')
    expect(lines).to.deep.equal([
      ['log', '[a] one'],
      ['warn', '[a] two'],
      ['error', '[a] three', '    at f (file.js:1:1)'],
      ['error', '[a] four'],
    ])
    expect(logsInfo(logger)).to.equal(true)
  })

  it('escapes each line as a whole', () => {
    const target = new KeepingLogger()
    connectionLogger(target, 'Tick\ner').warn('close: \u001b[2J')
    expect(target.lines).to.deep.equal(['warn [Tick\\ner] close: \\u001b[2J'])
  })

  const consoles: [string, Console | undefined, string[]][] = [
    ['default', undefined, ['warn', 'error']],
    ['console', console, [...LEVELS]],
  ]
  for (const [name, option, levels] of consoles) {
    it(`writes text to the console, with the stack of a user's error below its line: ${name}`, () => {
      const logger = connectionLogger(option, 'Ticker')
      const err = new Error('\u001b[31m', { cause: new Error('\u001b[32m') })
      const written = writtenTo(console, () => {
        for (const level of LEVELS) logger[level]('failed', { err })
      })
      expect(written).to.have.length(levels.length)
      for (const [index, level] of levels.entries()) {
        expect(written[index]).to.match(new RegExp(`^${level} \\[Ticker\\] failed\\n    at .*logger\\.test`))
        expect(written[index]).not.to.contain('\u001b')
      }
    })
  }

  it('omits the stack if Holdfast created the error', () => {
    const logger = connectionLogger(undefined, 'Ticker')
    const err = new EncodeError('cannot')
    expect(writtenTo(console, () => logger.error('failed', { err }))).to.deep.equal(['error [Ticker] failed'])
  })

  it('ignores the rejection of an asynchronous logger', async () => {
    const late = (): void => Promise.reject(new Error('the disk is full')) as never
    connectionLogger({ debug: late, info: late, warn: late, error: late }, 'x').error('said')
    // Node reports an unhandled rejection after the microtasks, which would fail the test run.
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  })

  it('ignores exceptions thrown by a logger', () => {
    class Broken extends KeepingLogger {
      override error(): void {
        throw new Error('the disk is full')
      }
    }
    expect(() => connectionLogger(new Broken(), 'x').error('said')).not.to.throw()
  })
})
