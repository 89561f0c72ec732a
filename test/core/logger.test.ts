import { expect } from 'chai'
import { connectionLogger } from '#src/core/logger.js'
import { KeepingLogger } from '../support/keeping-logger.js'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** Runs with the console replaced, and returns what was written to it. */
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
  it("begins each line with the connection's name, and keeps the level and the target's this", () => {
    const target = new KeepingLogger()
    const logger = connectionLogger(target, 'Ticker#1')
    for (const level of LEVELS) logger[level](`a ${level}`)
    expect(target.lines).to.deep.equal(LEVELS.map((level) => `${level} [Ticker#1] a ${level}`))
  })

  it('writes to the console from warn up by default', () => {
    const logger = connectionLogger(undefined, 'Ticker#1')
    const written = writtenTo(console, () => {
      for (const level of LEVELS) logger[level]('said')
    })
    expect(written).to.deep.equal(['warn [Ticker#1] said', 'error [Ticker#1] said'])
  })

  it('writes nothing when it is false', () => {
    const logger = connectionLogger(false, 'Ticker#1')
    const written = writtenTo(console, () => {
      for (const level of LEVELS) logger[level]('said')
    })
    expect(written).to.deep.equal([])
  })

  it('drops what a logger throws', () => {
    class Broken extends KeepingLogger {
      override error(): void {
        throw new Error('the disk is full')
      }
    }
    expect(() => connectionLogger(new Broken(), 'x').error('said')).not.to.throw()
  })
})
