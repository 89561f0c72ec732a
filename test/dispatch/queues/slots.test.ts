import { expect } from 'chai'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { RunningHandler, Slots } from '#src/dispatch/queues/slots.js'
import { TaskQueue } from '#src/dispatch/queues/task-queue.js'
import type { InboundMessage } from '#src/messages/inbound.js'
import { ItemSession, silentWarning } from '../../support/queued-items.js'

/** Slots of two sessions. Each handler is named by a letter. */
function rig(limit: number) {
  const slots = new Slots(limit, silentWarning())
  const queue = new TaskQueue(slots)
  const sessions = [0, 1].map(() => new ItemSession<string>(queue, { run: () => undefined }))
  const begin = (name: string, index: 0 | 1 = 0): RunningHandler => {
    const session = sessions[index] as ItemSession<string>
    const running = new RunningHandler(session.messageOf(name), name, session)
    slots.add(running, { onSettled: (settled) => slots.remove(settled) })
    return running
  }
  const release = (index: 0 | 1): readonly string[] => slots.release(sessions[index] as ItemSession<string>)
  return { slots, begin, release }
}

describe('Slots', () => {
  it('are full when the number of running handlers reaches the limit', () => {
    const { slots, begin } = rig(2)
    const first = begin('a')
    expect(slots.isFull).to.equal(false)
    begin('b')
    expect(slots.isFull).to.equal(true)
    first.settle()
    expect(slots.isFull).to.equal(false)
  })

  it('are freed in any order, each by the handler that settles', () => {
    const { begin, release } = rig(Infinity)
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => begin(name))
    a?.settle()
    d?.settle()
    const e = begin('e')
    c?.settle()
    expect(release(0)).to.have.members(['b', 'e'])
    expect([b?.holdsSlot, e.holdsSlot]).to.deep.equal([false, false])
  })

  it("can be released from one session's handlers", () => {
    const { slots, begin, release } = rig(3)
    begin('a', 0)
    const other = begin('b', 1)
    begin('c', 0)
    expect(release(0)).to.have.members(['a', 'c'])
    expect(slots.isFull).to.equal(false)
    expect(other.holdsSlot).to.equal(true)
    expect(release(0)).to.deep.equal([])
  })
})

const MESSAGE = {} as InboundMessage

/** A running handler, and the calls that it makes. */
function handlerRig() {
  const notes: string[] = []
  const running = new RunningHandler(MESSAGE, 'Ticker#tick', { onHandled: () => void notes.push('handled') })
  const hold = (): void => running.hold({ onSettled: () => void notes.push('settled') })
  return { notes, running, hold }
}

describe('RunningHandler', () => {
  it('releases its slot once, after its message has been counted as handled', () => {
    const { notes, running, hold } = handlerRig()
    hold()
    expect(running.holdsSlot).to.equal(true)
    running.settle()
    running.settle()
    expect(running.holdsSlot).to.equal(false)
    expect(notes).to.deep.equal(['handled', 'settled'])
  })

  it('has nothing to release if it has no slot', () => {
    const { notes, running } = handlerRig()
    running.settle()
    expect(notes).to.deep.equal([])
  })

  it('settles immediately, or once the pending promise has settled', async () => {
    const [now, later] = [handlerRig(), handlerRig()]
    now.hold()
    now.running.settleAfter(undefined)
    expect(now.notes).to.deep.equal(['handled', 'settled'])
    const rest: Deferred<void> = deferred()
    later.hold()
    later.running.settleAfter(rest.promise)
    await Promise.resolve()
    expect(later.notes).to.deep.equal([])
    rest.resolve()
    await rest.promise
    expect(later.notes).to.deep.equal(['handled', 'settled'])
  })

  it('counts checks since its name last changed', () => {
    const { running } = handlerRig()
    expect([running.look(), running.look()]).to.deep.equal([1, 2])
    running.rename('Ticker#tock')
    expect([running.name, running.look()]).to.deep.equal(['Ticker#tock', 1])
  })
})
