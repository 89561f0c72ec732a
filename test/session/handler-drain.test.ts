import { expect } from 'chai'
import { UnprocessedMessagesError } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { deferred } from '#src/core/deferred.js'
import { Deadline } from '#src/session/deadline.js'
import { NEVER_OPENED } from '#src/session/disconnect.js'
import { HandlerDrain } from '#src/session/handler-drain.js'
import type { SessionHandlers } from '#src/session/session-handlers.js'

const HANDLING = Promise.resolve(true)

/** Handlers that are busy until `drained` and `closed` are settled, with three messages behind them. */
function rig() {
  const clock = new FakeClock()
  const drained = deferred<unknown>()
  const closed = deferred<unknown>()
  const notes: string[] = []
  const reports: Error[] = []
  const handlers: Pick<SessionHandlers, 'drained' | 'discard' | 'onClose'> = {
    drained: async () => void (await drained.promise),
    discard() {
      notes.push(`discarded at ${clock.now()}`)
      return clock.now() === 0 ? 0 : 3
    },
    onClose: async () => void (await closed.promise),
  }
  const drain = new HandlerDrain(handlers as SessionHandlers, {
    closing: { deadline: new Deadline(clock) },
    report: (error) => reports.push(error),
  })
  return { clock, drained, closed, notes, reports, drain }
}

describe('HandlerDrain', () => {
  describe('#drain', () => {
    it('waits for the handlers', async () => {
      const { clock, drained, drain, notes, reports } = rig()
      const done = drain.drain(100, HANDLING).then(() => notes.push('done'))
      await clock.settle()
      expect(notes).to.deep.equal([])
      drained.resolve(undefined)
      await done
      expect(notes).to.deep.equal(['discarded at 0', 'done'])
      expect(reports).to.deep.equal([])
    })

    it('discards what is left after the timeout, and reports how much that was', async () => {
      const { clock, drain, notes, reports } = rig()
      const done = drain.drain(100, HANDLING)
      await clock.advance(100)
      await done
      expect(notes).to.deep.equal(['discarded at 100'])
      expect(reports.map((error) => error instanceof UnprocessedMessagesError)).to.deep.equal([true])
      expect(reports[0]).to.include({ count: 3 })
    })

    it('waits for no handler if messages are not handled at all', async () => {
      const { drain, notes } = rig()
      await drain.drain(100, Promise.resolve(false))
      expect(notes).to.deep.equal(['discarded at 0'])
    })

    it('drains once, however often it is called', async () => {
      const { clock, drain, notes } = rig()
      const first = drain.drain(100, HANDLING)
      expect(drain.drain(0, HANDLING)).to.equal(first)
      await clock.advance(100)
      await first
      expect(notes).to.have.length(1)
    })
  })

  it('#idle waits for the handlers, and discards nothing', async () => {
    const { clock, drain, notes } = rig()
    const idle = drain.idle(50).then(() => notes.push(`idle at ${clock.now()}`))
    await clock.advance(50)
    await idle
    expect(notes).to.deep.equal(['idle at 50'])
  })

  describe('#close', () => {
    it('waits for @OnClose', async () => {
      const { clock, closed, drain, reports } = rig()
      const done = drain.close(NEVER_OPENED, 100)
      closed.resolve(undefined)
      await done
      expect(reports).to.deep.equal([])
      expect(clock.timers).to.equal(0)
    })

    it('reports an @OnClose that does not settle in time, and goes on', async () => {
      const { clock, drain, reports } = rig()
      const done = drain.close(NEVER_OPENED, 100)
      await clock.advance(100)
      await done
      expect(reports.map(String)).to.deep.equal(['Error: @OnClose has not settled in time'])
    })
  })
})
