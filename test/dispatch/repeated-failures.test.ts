import { expect } from 'chai'
import type { Connection } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { LinkErrorContext } from '#src/dispatch/contexts.js'
import { RepeatedFailures } from '#src/dispatch/repeated-failures.js'
import type { Stage } from '#src/errors/stage.js'
import { FakeLink } from '../support/dispatch-rig.js'

/** Failures with a fake clock. Each report is recorded with its time and its number. */
const runInScope = <T>(run: () => T): T => run()

function rig() {
  const clock = new FakeClock()
  const reports: string[] = []
  const failures = new RepeatedFailures(clock, {
    handle: (error, { count, handler }) => {
      reports.push(`${clock.now()} ${error.message}${handler === undefined ? '' : ` ${handler}`} ${count}`)
    },
  })
  const session = { link: new FakeLink(), connection: {} as Connection, runInScope }
  const add = (error: Error, stage: Stage = 'decode', handler?: string): void =>
    void failures.add(error, new LinkErrorContext(session, stage, handler, 'message'))
  return { clock, reports, failures, session, add }
}

describe('RepeatedFailures', () => {
  it('reports the first failure immediately, and later ones once a second with their count and the last error', async () => {
    const { clock, reports, add } = rig()
    for (const name of ['a', 'b', 'c']) add(new Error(name))
    expect(reports).to.deep.equal(['0 a 1'])
    await clock.advance(1_000)
    expect(reports).to.deep.equal(['0 a 1', '1000 c 2'])
    await clock.advance(500)
    add(new Error('d'))
    await clock.advance(500)
    expect(reports.slice(2)).to.deep.equal(['2000 d 1'])
  })

  it('starts over after a second without failures, and leaves no timer running', async () => {
    const { clock, reports, add } = rig()
    add(new Error('a'))
    add(new Error('b'))
    await clock.advance(1_999)
    expect(clock.timers).to.equal(1)
    await clock.advance(1)
    expect(clock.timers).to.equal(0)
    add(new Error('c'))
    expect(reports).to.deep.equal(['0 a 1', '1000 b 1', '2000 c 1'])
  })

  it('distinguishes causes by stage and class', async () => {
    const { clock, reports, add } = rig()
    add(new Error('a'))
    add(new TypeError('b'))
    add(new Error('c'), 'handle')
    add(new TypeError('d'))
    expect(reports).to.deep.equal(['0 a 1', '0 b 1', '0 c 1'])
    await clock.advance(1_000)
    expect(reports.slice(3)).to.deep.equal(['1000 d 1'])
  })

  it('distinguishes invalid messages by handler, but not other failures', async () => {
    const { clock, reports, add } = rig()
    for (const handler of ['one', 'two', 'two']) add(new Error('invalid'), 'validate', handler)
    for (const handler of ['one', 'two']) add(new Error('aborted'), 'handle', handler)
    expect(reports).to.deep.equal(['0 invalid one 1', '0 invalid two 1', '0 aborted one 1'])
    await clock.advance(1_000)
    expect(reports.slice(3)).to.deep.equal(['1000 invalid two 1', '1000 aborted two 1'])
  })

  it('reports the last failure with its full context', async () => {
    const clock = new FakeClock()
    const contexts: unknown[] = []
    const failures = new RepeatedFailures(clock, { handle: (_error, context) => void contexts.push(context) })
    const sessions = ['first', 'last'].map((id) => ({
      link: new FakeLink(),
      connection: { id } as unknown as Connection,
      runInScope,
    }))
    for (const session of sessions)
      void failures.add(new Error('odd'), new LinkErrorContext(session, 'validate', 'Feed#tick', 'text'))
    await clock.advance(1_000)
    expect(contexts[1]).to.include({
      stage: 'validate',
      fatal: false,
      handler: 'Feed#tick',
      message: 'text',
      connection: sessions[1]?.connection,
      signal: sessions[1]?.link.signal,
    })
  })

  it('waits until the first failure has been reported', async () => {
    const clock = new FakeClock()
    const told = Promise.resolve()
    const failures = new RepeatedFailures(clock, { handle: () => told })
    const context = new LinkErrorContext(
      { link: new FakeLink(), connection: {} as Connection, runInScope },
      'decode',
      undefined,
      'message',
    )
    expect(failures.add(new Error('a'), context)).to.equal(told)
    expect(failures.add(new Error('b'), context)).to.equal(undefined)
    failures.stop()
    await told
  })

  it('reports only the failures that have not been reported yet, immediately on #flush', async () => {
    const { clock, reports, failures, add } = rig()
    failures.flush()
    add(new Error('a'))
    failures.flush()
    add(new Error('b'))
    add(new Error('c'))
    failures.flush()
    expect(reports).to.deep.equal(['0 a 1', '0 c 2'])
    await clock.advance(10_000)
    expect(reports).to.have.length(2)
  })

  it('reports the rest and leaves no timer running on #stop, and then reports later failures individually', async () => {
    const { clock, reports, failures, add } = rig()
    add(new Error('a'))
    add(new Error('b'))
    failures.stop()
    expect(clock.timers).to.equal(0)
    add(new Error('c'))
    add(new Error('d'))
    expect(clock.timers).to.equal(0)
    expect(reports).to.deep.equal(['0 a 1', '0 b 1', '0 c 1', '0 d 1'])
  })
})
