import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import { rejection } from '../support/rejection.js'

/** A clock, and the events on it with their times. */
function rig() {
  const clock = new FakeClock()
  const notes: string[] = []
  const note = (name: string) => (): void => void notes.push(`${name} at ${clock.now()}`)
  return { clock, notes, note }
}

describe('FakeClock', () => {
  it('starts at 0, on New Year 2026, and stands still', async () => {
    const { clock } = rig()
    await clock.settle()
    expect(clock.now()).to.equal(0)
    expect(clock.date()).to.equal(Date.UTC(2026, 0, 1))
  })

  it('starts at the given date', async () => {
    const clock = new FakeClock(5_000)
    await clock.advance(10)
    expect(clock.date()).to.equal(5_010)
    expect(clock.now()).to.equal(10)
  })

  describe('#advance', () => {
    it('fires timers in the order of their times, each at its own time', async () => {
      const { clock, notes, note } = rig()
      clock.setTimeout(note('late'), 30)
      clock.setTimeout(note('early'), 10)
      clock.setTimeout(note('too late'), 41)
      await clock.advance(40)
      expect(notes).to.deep.equal(['early at 10', 'late at 30'])
      expect(clock.now()).to.equal(40)
      expect(clock.timers).to.equal(1)
    })

    it('fires timers with the same time in the order in which they were started', async () => {
      const { clock, notes, note } = rig()
      clock.setTimeout(note('first'), 10)
      clock.setTimeout(note('second'), 10)
      await clock.advance(10)
      expect(notes).to.deep.equal(['first at 10', 'second at 10'])
    })

    it('fires timers that are started along the way, including those that are due immediately', async () => {
      const { clock, notes, note } = rig()
      clock.setTimeout(() => {
        note('first')()
        clock.setTimeout(note('at once'), 0)
        clock.setTimeout(note('negative'), -5)
        clock.setTimeout(note('second'), 10)
      }, 10)
      await clock.advance(20)
      expect(notes).to.deep.equal(['first at 10', 'at once at 10', 'negative at 10', 'second at 20'])
    })

    it('runs all promise callbacks after each timer, however deep, and those that were ready before the first', async () => {
      const { clock, notes, note } = rig()
      void Promise.resolve().then(note('ready'))
      clock.setTimeout(() => {
        void Promise.resolve()
          .then(() => Promise.resolve())
          .then(note('promise'))
      }, 10)
      clock.setTimeout(note('timer'), 20)
      await clock.advance(20)
      expect(notes).to.deep.equal(['ready at 0', 'promise at 10', 'timer at 20'])
    })

    it('fires each timer once', async () => {
      const { clock, notes, note } = rig()
      clock.setTimeout(note('timer'), 10)
      await clock.advance(10)
      await clock.advance(100)
      expect(notes).to.deep.equal(['timer at 10'])
      expect(clock.timers).to.equal(0)
    })
  })

  it('never goes back, and never loses the time', async () => {
    const clock = new FakeClock()
    expect(await rejection(clock.advance(NaN))).to.have.property(
      'message',
      'advance() expects 0 or more milliseconds, received NaN',
    )
    expect(await rejection(clock.jump(-1))).to.have.property(
      'message',
      'jump() expects 0 or more milliseconds, received -1',
    )
    expect(clock.now()).to.equal(0)
  })

  describe('#setTimeout', () => {
    it('never fires once it has been canceled, even repeatedly', async () => {
      const { clock, notes, note } = rig()
      const timer = clock.setTimeout(note('timer'), 10)
      expect(clock.timers).to.equal(1)
      timer.cancel()
      timer.cancel()
      expect(clock.timers).to.equal(0)
      await clock.advance(10)
      expect(notes).to.deep.equal([])
    })

    it('counts the same callback as often as it is started', async () => {
      const { clock, notes, note } = rig()
      const callback = note('timer')
      clock.setTimeout(callback, 10)
      clock.setTimeout(callback, 20).cancel()
      await clock.advance(20)
      expect(notes).to.deep.equal(['timer at 10'])
    })
  })

  describe('#nextTurn', () => {
    it('runs when the clock settles, after promise callbacks, without time passing', async () => {
      const { clock, notes, note } = rig()
      clock.nextTurn(note('turn'))
      void Promise.resolve().then(note('promise'))
      await clock.settle()
      expect(notes).to.deep.equal(['promise at 0', 'turn at 0'])
    })

    it('runs a turn that another turn requests, after the promise callbacks of the first', async () => {
      const { clock, notes, note } = rig()
      clock.nextTurn(() => {
        clock.nextTurn(note('second turn'))
        void Promise.resolve().then(note('promise'))
      })
      await clock.settle()
      expect(notes).to.deep.equal(['promise at 0', 'second turn at 0'])
    })

    it('runs a turn that a promise callback of the last turn requests', async () => {
      const { clock, notes, note } = rig()
      clock.nextTurn(() => void Promise.resolve().then(() => clock.nextTurn(note('second turn'))))
      await clock.settle()
      expect(notes).to.deep.equal(['second turn at 0'])
    })

    it('never runs once it has been canceled, not even by the turn just before it', async () => {
      const { clock, notes, note } = rig()
      clock.nextTurn(note('cancelled')).cancel()
      clock.nextTurn(() => other.cancel())
      const other = clock.nextTurn(note('other'))
      await clock.settle()
      expect(notes).to.deep.equal([])
    })

    it('counts the same callback as often as it is requested', async () => {
      const { clock, notes, note } = rig()
      const callback = note('turn')
      clock.nextTurn(callback)
      clock.nextTurn(callback)
      clock.nextTurn(callback).cancel()
      await clock.settle()
      expect(notes).to.deep.equal(['turn at 0', 'turn at 0'])
    })
  })

  describe('#jump', () => {
    it('fires late, and in order, whatever became due', async () => {
      const { clock, notes, note } = rig()
      clock.setTimeout(note('second'), 20)
      clock.setTimeout(note('first'), 10)
      clock.setTimeout(note('just due'), 100)
      clock.setTimeout(note('not due'), 101)
      await clock.jump(100)
      expect(notes).to.deep.equal(['first at 100', 'second at 100', 'just due at 100'])
      expect(clock.timers).to.equal(1)
    })

    it('does not fire timers that one of them cancels', async () => {
      const { clock, notes, note } = rig()
      clock.setTimeout(() => other.cancel(), 10)
      const other = clock.setTimeout(note('other'), 20)
      await clock.jump(100)
      expect(notes).to.deep.equal([])
    })

    it('runs promise callbacks before and after', async () => {
      const { clock, notes, note } = rig()
      void Promise.resolve().then(note('before'))
      clock.setTimeout(() => void Promise.resolve().then(note('after')), 10)
      await clock.jump(100)
      expect(notes).to.deep.equal(['before at 0', 'after at 100'])
    })
  })

  describe('#delays', () => {
    it('lists the milliseconds until each pending timer fires, in ascending order', async () => {
      const clock = new FakeClock()
      clock.setTimeout(() => {}, 500)
      clock.setTimeout(() => {}, 200)
      await clock.advance(100)
      expect(clock.delays).to.deep.equal([100, 400])
      await clock.advance(100)
      expect(clock.delays).to.deep.equal([300])
    })
  })

  describe('#advanceToNextTimer', () => {
    it('fires the next timer and all others that are due at that time, and returns the time that passed', async () => {
      const clock = new FakeClock()
      const fired: string[] = []
      clock.setTimeout(() => fired.push('a'), 30)
      clock.setTimeout(() => fired.push('b'), 30)
      clock.setTimeout(() => fired.push('c'), 31)
      expect(await clock.advanceToNextTimer()).to.equal(30)
      expect(fired).to.deep.equal(['a', 'b'])
      expect(clock.now()).to.equal(30)
    })

    it('only settles if no timer is pending', async () => {
      const clock = new FakeClock()
      let turns = 0
      clock.nextTurn(() => (turns += 1))
      expect(await clock.advanceToNextTimer()).to.equal(0)
      expect(turns).to.equal(1)
    })
  })

  describe('#until', () => {
    it('advances timer by timer until the condition returns a truthy value, and returns that value', async () => {
      const clock = new FakeClock()
      let found: string | undefined
      clock.setTimeout(() => (found = 'it'), 70)
      clock.setTimeout(() => (found = 'too late'), 71)
      expect(await clock.until(() => found)).to.equal('it')
      expect(clock.now()).to.equal(70)
    })

    it('does not advance if the condition is fulfilled once everything has settled', async () => {
      const clock = new FakeClock()
      let isDone = false
      clock.setTimeout(() => {}, 10)
      clock.nextTurn(() => (isDone = true))
      await clock.until(() => isDone)
      expect(clock.now()).to.equal(0)
    })

    it('fails once no timer is pending, and names the condition and what it returned', async () => {
      const isTrue = false as boolean
      const failure = await rejection(new FakeClock().until(() => isTrue))
      expect(failure).to.have.property(
        'message',
        'Stopped waiting for `() => isTrue`: no timer is pending, so nothing more happens until the test acts. ' +
          'It returned false',
      )
    })

    it('fails after the limit, with the fact in the given words', async () => {
      const clock = new FakeClock()
      const beat = (): void => void clock.setTimeout(beat, 20)
      beat()
      const failure = await rejection(clock.until(() => undefined, { fact: 'the impossible', within: 50 }))
      expect(failure).to.have.property(
        'message',
        'Stopped waiting for the impossible: 50 ms have passed. It returned undefined',
      )
      expect(clock.now()).to.equal(40)
    })

    it('leaves the time to a test that is advancing the clock', async () => {
      const clock = new FakeClock()
      let isDone = false
      for (const delay of [10, 20, 30]) clock.setTimeout(() => {}, delay)
      clock.setTimeout(() => (isDone = true), 100)
      const waiting = clock.until(() => isDone)
      await clock.advance(30)
      expect(clock.now()).to.equal(30)
      await waiting
      expect(clock.now()).to.equal(100)
    })
  })
})
