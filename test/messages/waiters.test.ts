import { expect } from 'chai'
import { BackpressureError, ConnectionLostError, WaitTimeoutError } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { Waiters } from '#src/messages/waiters.js'
import { countListeners } from '../support/count-listeners.js'

const any = (): boolean => true
const isNumber = (message: unknown): boolean => typeof message === 'number'

/** Waits on their own clock, with a record of every change. */
function rig() {
  const clock = new FakeClock()
  const changes: number[] = []
  const onChange = (): void => void changes.push(waiters.size)
  const waiters: Waiters = new Waiters(clock, { add: onChange, remove: onChange })
  return { clock, changes, waiters }
}

/** Returns the reason of a rejected promise. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it resolved'),
    (error: unknown) => error,
  )
}

describe('Waiters', () => {
  describe('#offer', () => {
    it('resolves the matching wait once, and returns true', async () => {
      const { waiters } = rig()
      const waiting = waiters.add(isNumber, {})
      expect(waiters.offer('text')).to.equal(false)
      expect(waiters.offer(1)).to.equal(true)
      expect(waiters.offer(2)).to.equal(false)
      expect(await waiting).to.equal(1)
    })

    it('resolves all matching waits', async () => {
      const { waiters } = rig()
      const both = [waiters.add(any, {}), waiters.add(any, {})]
      expect(waiters.offer('hello')).to.equal(true)
      expect(await Promise.all(both)).to.deep.equal(['hello', 'hello'])
    })

    it('returns false if nothing waits', () => {
      expect(rig().waiters.offer('hello')).to.equal(false)
    })

    it('rejects only the waiter whose matcher throws', async () => {
      const { waiters } = rig()
      const thrown = new Error('oops')
      const broken = waiters.add(() => {
        throw thrown
      }, {})
      const other = waiters.add(any, {})
      expect(waiters.offer('hello')).to.equal(true)
      expect(await rejection(broken)).to.equal(thrown)
      expect(await other).to.equal('hello')
      expect(waiters.size).to.equal(0)
    })

    it('leaves the message to the handlers if the only matcher throws', async () => {
      const { waiters } = rig()
      const broken = waiters.add(() => {
        throw 'just text'
      }, {})
      expect(waiters.offer('hello')).to.equal(false)
      expect(await rejection(broken))
        .to.be.instanceOf(Error)
        .with.property('cause', 'just text')
    })
  })

  describe('match', () => {
    it('must not return a promise: that wait rejects, and the message is not consumed', async () => {
      const { waiters } = rig()
      const match = (() => Promise.reject(new Error('unheard'))) as unknown as () => boolean
      const waiting = waiters.add(match, {})
      expect(waiters.offer('hello')).to.equal(false)
      const error = await rejection(waiting)
      expect(error).to.be.instanceOf(TypeError)
      expect((error as Error).message).to.contain('The match function of waitFor returned a promise')
      expect(waiters.size).to.equal(0)
    })

    it('can end its own wait', async () => {
      const { waiters } = rig()
      const controller = new AbortController()
      const reason = new Error('enough')
      const match = (): boolean => {
        controller.abort(reason)
        return true
      }
      const waiting = waiters.add(match, { signal: controller.signal })
      expect(waiters.offer('hello')).to.equal(false)
      expect(await rejection(waiting)).to.equal(reason)
    })

    it('can start another wait, which does not receive this message', () => {
      const { waiters } = rig()
      const match = (): boolean => {
        void waiters.add(any, {})
        return false
      }
      void waiters.add(match, {})
      expect(waiters.offer('hello')).to.equal(false)
      expect(waiters.size).to.equal(2)
    })
  })

  describe('links', () => {
    const old = {}
    const current = {}

    it('passes a message from a link only to the waiters on that link', async () => {
      const { waiters } = rig()
      const here = waiters.add(any, {}, current)
      void waiters.add(any, {}, old)
      void waiters.add(any, {})
      expect(waiters.offer('hello', current)).to.equal(true)
      expect(waiters.offer('again', current)).to.equal(false)
      expect(await here).to.equal('hello')
      expect(waiters.size).to.equal(2)
    })

    it('assigns waiters that have no link to the next link that opens', async () => {
      const { waiters } = rig()
      const waiting = waiters.add(any, {})
      void waiters.add(any, {}, old)
      waiters.attach(current)
      waiters.attach({})
      expect(waiters.offer('hello', current)).to.equal(true)
      expect(await waiting).to.equal('hello')
      expect(waiters.size).to.equal(1)
    })

    it('rejects the waiters of a link when the link ends', async () => {
      const { clock, waiters } = rig()
      const two = [waiters.add(any, {}, old), waiters.add(isNumber, {}, old)]
      void waiters.add(any, { timeout: false }, current)
      void waiters.add(any, { timeout: false })
      const lost = new ConnectionLostError('It was lost', 1006, '')
      waiters.rejectAll(old, lost)
      expect(await Promise.all(two.map(rejection))).to.deep.equal([lost, lost])
      expect(waiters.size).to.equal(2)
      expect(clock.timers).to.equal(0)
    })
  })

  it('allows up to 16,384 waits: another one rejects, and the others continue', async () => {
    const { waiters } = rig()
    for (let count = 0; count < 16_384; count += 1) void waiters.add(any, { timeout: false })
    expect(await rejection(waiters.add(any, {})))
      .to.be.instanceOf(BackpressureError)
      .with.property('pending', 16_384)
    expect(waiters.size).to.equal(16_384)
  })

  describe('#add', () => {
    it('waits up to 30 s by default', async () => {
      const { clock, waiters } = rig()
      const waiting = waiters.add(any, {})
      await clock.advance(29_999)
      expect(waiters.size).to.equal(1)
      await clock.advance(1)
      expect(await rejection(waiting))
        .to.be.instanceOf(WaitTimeoutError)
        .with.property('timeout', 30_000)
      expect(waiters.size).to.equal(0)
    })

    it('waits up to the given timeout', async () => {
      const { clock, waiters } = rig()
      const waiting = waiters.add(any, { timeout: 5 })
      await clock.advance(5)
      expect(await rejection(waiting))
        .to.be.instanceOf(WaitTimeoutError)
        .with.property('timeout', 5)
    })

    it('waits indefinitely, without a timer, if timeout is false', () => {
      const { clock, waiters } = rig()
      void waiters.add(any, { timeout: false })
      expect(clock.timers).to.equal(0)
      expect(waiters.size).to.equal(1)
    })

    it("rejects with the signal's reason when that aborts", async () => {
      const { clock, waiters } = rig()
      const controller = new AbortController()
      const waiting = waiters.add(any, { signal: controller.signal })
      const reason = new Error('no longer wanted')
      controller.abort(reason)
      expect(await rejection(waiting)).to.equal(reason)
      expect(waiters.size).to.equal(0)
      expect(clock.timers).to.equal(0)
    })

    it('rejects immediately and never waits if the signal has already aborted', async () => {
      const { changes, clock, waiters } = rig()
      const waiting = waiters.add(any, { signal: AbortSignal.abort(new Error('before')) })
      expect(changes).to.deep.equal([])
      expect(clock.timers).to.equal(0)
      expect(await rejection(waiting)).to.have.property('message', 'before')
    })

    it('leaves neither a timer nor a listener, however it ends', async () => {
      const { clock, waiters } = rig()
      const { signal } = new AbortController()
      const listeners = countListeners(signal)
      void waiters.add(any, { signal })
      waiters.offer('hello')
      void waiters.add(any, { signal })
      waiters.end(new Error('over'))
      void waiters.add(any, { signal, timeout: 1 })
      expect(listeners()).to.equal(1)
      await clock.advance(1)
      expect(listeners()).to.equal(0)
      expect(clock.timers).to.equal(0)
    })

    it('reports the start and the end of each waiter', () => {
      const { changes, waiters } = rig()
      void waiters.add(any, {})
      void waiters.add(any, {})
      waiters.offer('hello')
      expect(changes).to.deep.equal([1, 2, 1, 0])
    })

    it('settles once: nothing after the first end changes it', async () => {
      const { clock, waiters } = rig()
      const controller = new AbortController()
      const waiting = waiters.add(any, { signal: controller.signal, timeout: 5 })
      waiters.offer('first')
      waiters.offer('second')
      controller.abort()
      waiters.end(new Error('over'))
      await clock.advance(5)
      expect(await waiting).to.equal('first')
    })

    it('does not have to be awaited: it never causes an unhandled rejection (B34)', async () => {
      const { clock, waiters } = rig()
      void waiters.add(any, { timeout: 1 })
      await clock.advance(1)
      expect(waiters.size).to.equal(0)
    })
  })

  describe('#end', () => {
    it('rejects all waiters with the error, regardless of their link', async () => {
      const { clock, waiters } = rig()
      const all = [waiters.add(any, {}), waiters.add(isNumber, {}, {})]
      const lost = new ConnectionLostError('It was lost', 1006, '')
      waiters.end(lost)
      expect(waiters.size).to.equal(0)
      expect(clock.timers).to.equal(0)
      expect(await Promise.all(all.map(rejection))).to.deep.equal([lost, lost])
    })
  })
})
