import { expect } from 'chai'
import { phaseOf } from '#src/lifecycle/state.js'
import { asks, resetsCounts } from '#src/lifecycle/step.js'
import { on, scenes } from '../support/lifecycle/scene.js'

/** Reports of a connection that closes with no session left. */
const CLOSED = ['state closing', 'abortConnection', 'state closed']

/** Timers of the single deadline while closing. */
function deadlines(option: 'closeTimeout' | 'drainTimeout'): readonly string[] {
  return [`set half by ${option}`, `set cut by ${option}`, `set end by ${option}`]
}

describe('start', () => {
  it('starts with an attempt', () => {
    const scene = scenes.connecting()
    expect(scene.effects).to.deep.equal(['attempt 1'])
    expect(scene.shape.status).to.equal('connecting')
    expect(scene.shape.ready).to.equal('pending')
  })
})

describe('step', () => {
  describe('connecting', () => {
    it('runs @OnOpen as soon as the socket is open', () => {
      const effects = scenes.connecting().give(on.attemptOpened(1))
      expect(effects).to.deep.equal(['set open:1 by onOpenTimeout', 'onOpen 1', 'state opening'])
    })

    it('waits for the next attempt if a failed one is retried', () => {
      const effects = scenes.connecting().give(on.attemptFailed(1, 'retry'))
      expect(effects).to.deep.equal([
        'set delay by retryDecision',
        'count',
        'state waiting',
        'onError 1 (connect: retried)',
      ])
    })

    it('closes immediately, with an error, if a failed attempt is not retried', () => {
      const scene = scenes.connecting()
      const effects = scene.give(on.attemptFailed(1))
      expect(effects).to.deep.equal([
        'count',
        'onError 1 (connect: fatal)',
        ...CLOSED,
        'rejectReady',
        'ended',
      ])
      expect(scene.shape.isError).to.be.true
    })

    it('ignores reconnect()', () => {
      for (const call of [on.reconnect(), on.reconnect('overlap')]) {
        const scene = scenes.connecting()
        expect(scene.give(call)).to.deep.equal([])
        expect(scene.refused).to.be.undefined
      }
    })
  })

  describe('opening', () => {
    it('is open once @OnOpen has resolved', () => {
      const effects = scenes.opening().give(on.onOpenResolved(1))
      expect(effects).to.deep.equal(['cancel open:1', 'ready 1', 'state open', 'resolveReady'])
    })

    it('starts maxAge when it is open', () => {
      const effects = scenes.aging().effects
      expect(effects).to.include('set maxAge by maxAge')
    })

    it('resolves ready only the first time', () => {
      expect(scenes.reopened().effects).to.include('resolveReady')
      const scene = scenes.open().after(on.linkLost(1, 'retry'), on.drained(1), on.onCloseSettled(1))
      const effects = scene.give(on.timerFired('delay'), on.attemptOpened(2), on.onOpenResolved(2))
      expect(effects).to.deep.equal(['cancel open:2', 'ready 2', 'state open'])
    })

    it('drops the link and waits if @OnOpen threw and that is retried', () => {
      const effects = scenes.opening().give(on.onOpenThrew(1, 'retry'))
      expect(effects).to.deep.equal([
        'cancel open:1',
        'set frame:1 by closeTimeout',
        'set delay by retryDecision',
        'count',
        'closeFrame 1 (reconnecting)',
        'lose 1',
        'state waiting',
        'onError 1 (open: retried)',
      ])
    })

    it('treats a timeout of @OnOpen like a throw', () => {
      const effects = scenes.opening().give(on.timerFired('open:1', 'retry'))
      expect(effects).to.deep.equal([
        'set frame:1 by closeTimeout',
        'set delay by retryDecision',
        'count',
        'closeFrame 1 (reconnecting)',
        'lose 1',
        'state waiting',
        'onError 1 (open: retried)',
      ])
    })

    it('gives up if @OnOpen threw and that is not retried', () => {
      const effects = scenes.opening().give(on.onOpenThrew(1))
      expect(effects).to.deep.equal([
        'cancel open:1',
        ...deadlines('drainTimeout'),
        'count',
        'closeFrame 1 (fatal)',
        'lose 1',
        'onError 1 (open: fatal)',
        'state closing',
        'abortConnection',
      ])
    })

    it('drops the link on reconnect(), with an overlap or without', () => {
      for (const call of [on.reconnect(), on.reconnect('overlap')]) {
        const effects = scenes.opening().give(call)
        expect(effects).to.deep.equal([
          'cancel open:1',
          'set frame:1 by closeTimeout',
          'count',
          'closeFrame 1 (reconnecting)',
          'lose 1',
          'state waiting',
        ])
      }
    })

    it('waits for the floor on reconnect() if a failure is counted', () => {
      const scene = scenes.waiting().after(on.timerFired('delay'), on.attemptOpened(2))
      expect(scene.give(on.reconnect())).to.include('set delay by floor')
    })
  })

  describe('a loss of the current link', () => {
    it('handles messages that have arrived and waits, without an error if the peer closed', () => {
      const effects = scenes.open().give(on.linkClosedByPeer(1, 'retry'))
      expect(effects).to.deep.equal([
        'set drain:1 by drainTimeout',
        'set delay by retryDecision',
        'count',
        'lose 1',
        'drain 1 (handlers)',
        'state waiting',
      ])
    })

    it('is an error if the socket ended without a close frame', () => {
      const effects = scenes.open().give(on.linkLost(1, 'retry'))
      expect(effects.slice(-2)).to.deep.equal(['state waiting', 'onError 1 (close: retried)'])
    })

    it('resets the counts once if the link has lasted', () => {
      const effects = scenes.reopened().give(on.linkLost(2, 'retry', 'stable'))
      expect(effects.filter((line) => line === 'forgive' || line === 'count')).to.deep.equal([
        'forgive',
        'count',
      ])
    })

    it('cancels the timeout of @OnOpen, maxAge and a handover', () => {
      expect(scenes.opening().give(on.linkLost(1, 'retry'))).to.include('cancel open:1')
      expect(scenes.aging().give(on.linkLost(1, 'retry'))).to.include('cancel maxAge')
      const scene = scenes.candidateDialling().after(on.attemptFailed(2, 'retry'))
      expect(scene.give(on.linkLost(1, 'retry'))).to.include('cancel handover')
    })

    it('terminates a link whose heartbeat timed out, and handles its messages once it has ended', () => {
      const scene = scenes.open()
      expect(scene.give(on.heartbeatDead(1, 'retry'))).to.deep.equal([
        'set delay by retryDecision',
        'count',
        'lose 1',
        'terminate 1',
        'state waiting',
        'onError 1 (heartbeat: retried)',
      ])
      expect(scene.give(on.linkLost(1))).to.deep.equal(['set drain:1 by drainTimeout', 'drain 1 (handlers)'])
    })

    it('gives up if it is not retried, in which case a close by the peer is an error, too', () => {
      const effects = scenes.open().give(on.linkClosedByPeer(1))
      expect(effects).to.deep.equal([
        ...deadlines('drainTimeout'),
        'count',
        'lose 1',
        'drain 1 (handlers)',
        'onError 1 (close: fatal)',
        'state closing',
        'abortConnection',
      ])
    })

    it('forgets a requested handover', () => {
      const scene = scenes.handedOver().after(on.reconnect('overlap', 'stable'))
      expect(scene.shape.wish).to.be.true
      scene.give(on.linkLost(2, 'retry'))
      expect(scene.shape.wish).to.be.false
    })
  })

  describe('reconnect()', () => {
    it('drops the current link with 4000 and waits only until it has left', () => {
      const scene = scenes.open()
      expect(scene.give(on.reconnect('stable'))).to.deep.equal([
        'set frame:1 by closeTimeout',
        'forgive',
        'closeFrame 1 (reconnecting)',
        'lose 1',
        'state waiting',
      ])
      scene.give(on.linkClosedByPeer(1), on.drained(1))
      expect(scene.give(on.onCloseSettled(1))).to.deep.equal([
        'cancel part:1',
        'attempt 2',
        'state connecting',
      ])
    })

    it('counts as a failure if the link has not lasted', () => {
      expect(scenes.open().give(on.reconnect())).to.include('count')
    })

    it('waits for the floor if a failure was counted before', () => {
      expect(scenes.reopened().give(on.reconnect())).to.include('set delay by floor')
      expect(scenes.reopened().give(on.reconnect('stable'))).to.not.include('set delay by floor')
    })

    it('cancels maxAge', () => {
      expect(scenes.aging().give(on.reconnect())).to.include('cancel maxAge')
    })

    it('is refused while closing and when closed', () => {
      for (const scene of [scenes.open().after(on.close()), scenes.connecting().after(on.close())]) {
        const { state } = scene
        expect(scene.give(on.reconnect())).to.deep.equal([])
        expect(scene.refused).to.equal('ConnectionClosedError')
        expect(scene.state).to.equal(state)
      }
    })
  })

  describe('waiting', () => {
    it('starts an attempt when the delay is over', () => {
      const effects = scenes.waiting().give(on.timerFired('delay'))
      expect(effects).to.deep.equal(['attempt 2', 'state connecting'])
    })

    it('starts the attempt only after the @OnClose of the previous link', () => {
      const scene = scenes.open().after(on.linkLost(1, 'retry'), on.drained(1))
      expect(scene.give(on.timerFired('delay'))).to.deep.equal([])
      expect(scene.give(on.onCloseSettled(1))).to.deep.equal([
        'cancel part:1',
        'attempt 2',
        'state connecting',
      ])
    })

    it('waits for the delay if @OnClose was faster', () => {
      const scene = scenes.open().after(on.linkLost(1, 'retry'), on.drained(1))
      expect(scene.give(on.onCloseSettled(1))).to.deep.equal(['cancel part:1'])
      expect(scene.shape.status).to.equal('waiting')
    })

    it('moves the delay to the floor on reconnect(), with an overlap or without', () => {
      for (const call of [on.reconnect(), on.reconnect('overlap')])
        expect(scenes.waiting().give(call)).to.deep.equal(['move delay by floor'])
    })

    it('ignores reconnect() if it only waits for the previous link', () => {
      expect(scenes.open().after(on.reconnect('stable')).give(on.reconnect())).to.deep.equal([])
    })
  })

  describe('a handover', () => {
    it('starts immediately if no failure is counted and no link is leaving', () => {
      const effects = scenes.aging().give(on.reconnect('overlap', 'stable'))
      expect(effects).to.deep.equal(['cancel maxAge', 'forgive', 'attempt 2'])
    })

    it('starts at maxAge', () => {
      expect(scenes.aging().give(on.timerFired('maxAge', 'stable'))).to.deep.equal(['forgive', 'attempt 2'])
    })

    it('resets the counts once per link', () => {
      const scene = scenes.candidateDialling().after(on.attemptFailed(2))
      expect(scene.give(on.timerFired('maxAge', 'stable'))).to.deep.equal(['set handover by floor'])
    })

    it('waits for the floor if a failure is counted', () => {
      expect(scenes.reopened().give(on.reconnect('overlap'))).to.deep.equal(['set handover by floor'])
    })

    it('waits until the previous link has left', () => {
      const scene = scenes.handedOver()
      expect(scene.give(on.reconnect('overlap', 'stable'))).to.deep.equal(['cancel maxAge', 'forgive'])
      expect(scene.give(on.linkLost(1), on.drained(1))).to.deep.equal([
        'cancel drain:1',
        'set part:1 by drainTimeout',
        'onClose 1',
      ])
      expect(scene.give(on.onCloseSettled(1))).to.deep.equal(['cancel part:1', 'attempt 3'])
    })

    it('is recorded once', () => {
      expect(scenes.candidateDialling().give(on.reconnect('overlap', 'stable'))).to.deep.equal([])
      const scene = scenes.handedOver().after(on.reconnect('overlap', 'stable'))
      expect(scene.give(on.reconnect('overlap', 'stable'))).to.deep.equal([])
    })

    it('moves to the floor on reconnect({ overlap }) between two candidates', () => {
      const scene = scenes.candidateDialling().after(on.attemptFailed(2, 'retry'))
      expect(scene.give(on.reconnect('overlap', 'stable'))).to.deep.equal(['move handover by floor'])
    })

    it('starts when its delay is over, or when the previous link has left after that', () => {
      const failed = scenes.candidateDialling().after(on.attemptFailed(2, 'retry'))
      expect(failed.give(on.timerFired('handover'))).to.deep.equal(['attempt 3'])
      const leaving = scenes.candidateOpening().after(on.onOpenThrew(2, 'retry'))
      expect(leaving.give(on.timerFired('handover'))).to.deep.equal([])
      expect(leaving.give(on.linkLost(2), on.drained(2), on.onCloseSettled(2))).to.include('attempt 3')
    })

    it('runs @OnOpen of the candidate without changing the status', () => {
      const effects = scenes.candidateDialling().give(on.attemptOpened(2))
      expect(effects).to.deep.equal(['set open:2 by onOpenTimeout', 'onOpen 2'])
    })

    it('keeps the current link if the candidate does not connect', () => {
      expect(scenes.candidateDialling().give(on.attemptFailed(2, 'retry'))).to.deep.equal([
        'set handover by retryDecision',
        'count',
        'onError 2 (connect: the old one stays)',
      ])
      expect(scenes.candidateDialling().give(on.attemptFailed(2))).to.deep.equal([
        'set maxAge by maxAge',
        'count',
        'onError 2 (connect: the old one stays)',
      ])
    })

    it('ends without another one if it is not retried and there is no maxAge', () => {
      const scene = scenes.open().after(on.reconnect('overlap', 'stable'))
      expect(scene.give(on.attemptFailed(2))).to.deep.equal([
        'count',
        'onError 2 (connect: the old one stays)',
      ])
    })

    it('lets the old link linger once @OnOpen of the candidate has resolved', () => {
      const scene = scenes.candidateOpening()
      expect(scene.give(on.onOpenResolved(2, 'stable'))).to.deep.equal([
        'cancel open:2',
        'set maxAge by maxAge',
        'set drain:1 by drainTimeout',
        'retire 1',
        'ready 2',
        'drain 1 (handlers and requests)',
      ])
      expect([scene.state.current, scene.state.previous]).to.deep.equal([2, 1])
      expect(scene.shape.status).to.equal('open')
    })

    it('counts as a failure if the old link has not lasted', () => {
      const scene = scenes.open().after(on.reconnect('overlap'), on.attemptOpened(2))
      expect(scene.give(on.onOpenResolved(2))).to.include('count')
    })

    it('resets the counts if the old link turns out to have lasted only at its end', () => {
      const scene = scenes.open().after(on.reconnect('overlap'), on.attemptOpened(2))
      expect(scene.give(on.onOpenResolved(2, 'stable'))).to.include('forgive')
    })

    it('lets the candidate leave if its @OnOpen threw or timed out', () => {
      const threw = scenes.candidateOpening()
      expect(threw.give(on.onOpenThrew(2, 'retry'))).to.deep.equal([
        'cancel open:2',
        'set frame:2 by closeTimeout',
        'set handover by retryDecision',
        'count',
        'closeFrame 2 (reconnecting)',
        'lose 2',
        'onError 2 (open: the old one stays)',
      ])
      expect([threw.state.current, threw.state.previous]).to.deep.equal([1, 2])
      expect(scenes.candidateOpening().give(on.timerFired('open:2'))).to.deep.equal([
        'set frame:2 by closeTimeout',
        'set maxAge by maxAge',
        'count',
        'closeFrame 2 (fatal)',
        'lose 2',
        'onError 2 (open: the old one stays)',
      ])
    })

    it('lets the candidate leave if its link has ended', () => {
      expect(scenes.candidateOpening().give(on.linkLost(2, 'retry'))).to.deep.equal([
        'cancel open:2',
        'set drain:2 by drainTimeout',
        'set handover by retryDecision',
        'count',
        'lose 2',
        'drain 2 (handlers)',
        'onError 2 (close: the old one stays)',
      ])
      expect(scenes.candidateOpening().give(on.heartbeatDead(2))).to.deep.equal([
        'cancel open:2',
        'set maxAge by maxAge',
        'count',
        'lose 2',
        'terminate 2',
        'onError 2 (heartbeat: the old one stays)',
      ])
    })

    it('becomes a reconnect if the current link is lost, without a retry decision', () => {
      const scene = scenes.candidateDialling()
      expect(scene.give(on.linkLost(1))).to.deep.equal([
        'set drain:1 by drainTimeout',
        'count',
        'lose 1',
        'drain 1 (handlers)',
        'state connecting',
        'onError 1 (close: retried)',
      ])
      expect([scene.state.current, scene.state.previous]).to.deep.equal([2, 1])
      expect(scenes.candidateOpening().give(on.linkClosedByPeer(1)).slice(-1)).to.deep.equal([
        'state opening',
      ])
      expect(scenes.candidateOpening().give(on.heartbeatDead(1))).to.include('terminate 1')
    })

    it('becomes the reconnect that reconnect() requests', () => {
      expect(scenes.candidateOpening().give(on.reconnect('stable'))).to.deep.equal([
        'set frame:1 by closeTimeout',
        'closeFrame 1 (reconnecting)',
        'lose 1',
        'state opening',
      ])
    })

    it('does not make a reconnect wait for the previous link', () => {
      const scene = scenes.handedOver().after(on.linkLost(2, 'retry'), on.drained(2), on.onCloseSettled(2))
      expect(scene.give(on.timerFired('delay'))).to.deep.equal(['attempt 3', 'state connecting'])
      expect(phaseOf(scene.state, 1)).to.equal('lingering')
    })
  })

  describe('a leaving session', () => {
    it('calls @OnClosing once its handlers and requests are done, within the same time', () => {
      const scene = scenes.handedOver()
      expect(scene.give(on.drained(1))).to.deep.equal(['onClosing 1'])
      expect(scene.give(on.onClosingSettled(1))).to.deep.equal([
        'cancel drain:1',
        'set frame:1 by closeTimeout',
        'closeFrame 1 (normal)',
      ])
    })

    it('calls @OnClosing without waiting for it when its time is up', () => {
      const effects = scenes.handedOver().give(on.timerFired('drain:1'))
      expect(effects).to.deep.equal(['set frame:1 by closeTimeout', 'onClosing 1', 'closeFrame 1 (normal)'])
    })

    it('calls @OnClosing only once', () => {
      const effects = scenes.handedOver().after(on.drained(1)).give(on.timerFired('drain:1'))
      expect(effects).to.deep.equal(['set frame:1 by closeTimeout', 'closeFrame 1 (normal)'])
    })

    it('terminates the socket if the peer does not answer the close frame', () => {
      const scene = scenes.handedOver().after(on.timerFired('drain:1'))
      expect(scene.give(on.timerFired('frame:1'))).to.deep.equal(['terminate 1'])
    })

    it('handles messages that have arrived when its link has ended', () => {
      const scene = scenes.handedOver()
      expect(scene.give(on.linkClosedByPeer(1))).to.deep.equal([
        'cancel drain:1',
        'set drain:1 by drainTimeout',
        'lose 1',
        'drain 1 (handlers)',
      ])
    })

    it('loses its link once, whether before or after the close frame', () => {
      const scene = scenes.open().after(on.reconnect())
      expect(scene.effects).to.include('lose 1')
      expect(scene.give(on.linkLost(1))).to.not.include('lose 1')
    })

    it('reports the loss of a replaced link that is still in use, but no other', () => {
      expect(scenes.handedOver().give(on.linkLost(1))).to.include('onError 1 (close: reported)')
      const framed = scenes.handedOver().after(on.timerFired('drain:1'))
      expect(framed.give(on.linkLost(1)).join()).to.not.include('onError')
    })

    it('terminates a replaced link whose heartbeat timed out', () => {
      expect(scenes.handedOver().give(on.heartbeatDead(1))).to.deep.equal([
        'cancel drain:1',
        'lose 1',
        'terminate 1',
        'onError 1 (heartbeat: reported)',
      ])
    })

    it('ignores the heartbeat after the close frame', () => {
      const framed = scenes.open().after(on.reconnect())
      expect(framed.give(on.heartbeatDead(1))).to.deep.equal([])
    })

    it('runs @OnClose once its messages are handled', () => {
      const scene = scenes.open().after(on.linkLost(1, 'retry'))
      expect(scene.give(on.drained(1))).to.deep.equal([
        'cancel drain:1',
        'set part:1 by drainTimeout',
        'onClose 1',
      ])
    })

    it('discards messages that are not handled in time', () => {
      const scene = scenes.open().after(on.linkLost(1, 'retry'))
      expect(scene.give(on.timerFired('drain:1'))).to.deep.equal([
        'set part:1 by drainTimeout',
        'discard 1',
        'onClose 1',
      ])
    })

    it('continues without an @OnClose that does not complete, and reports that', () => {
      const scene = scenes.open().after(on.reconnect('stable'), on.linkLost(1), on.drained(1))
      expect(scene.give(on.timerFired('part:1'))).to.deep.equal([
        'attempt 2',
        'onError 1 (close: reported)',
        'state connecting',
      ])
    })

    it('reports an @OnOpen that throws too late', () => {
      const scene = scenes.opening().after(on.linkLost(1, 'retry'))
      expect(scene.give(on.onOpenThrew(1))).to.deep.equal(['onError 1 (open: reported)'])
      expect(scene.give(on.onOpenThrew(1))).to.deep.equal([])
    })

    it('ignores an @OnOpen that resolves too late', () => {
      const scene = scenes.opening().after(on.linkLost(1, 'retry'))
      expect(scene.give(on.onOpenResolved(1))).to.deep.equal([])
    })
  })

  describe('close()', () => {
    it('closes immediately if nothing is open: while connecting, it cancels the attempt', () => {
      const effects = scenes.connecting().give(on.close())
      expect(effects).to.deep.equal(['cutAttempt 1', ...CLOSED, 'rejectReady', 'ended'])
    })

    it('cancels the delay', () => {
      const effects = scenes.waiting().give(on.close())
      expect(effects).to.deep.equal(['cancel delay', ...CLOSED, 'rejectReady', 'ended'])
    })

    it('drains the handlers, calls @OnClosing, and closes with the code of the user', () => {
      const scene = scenes.aging()
      expect(scene.give(on.close())).to.deep.equal([
        'cancel maxAge',
        ...deadlines('closeTimeout'),
        'stopTaking 1',
        'drain 1 (handlers)',
        'state closing',
        'abortConnection',
      ])
      expect(scene.give(on.drained(1))).to.deep.equal(['onClosing 1'])
      expect(scene.give(on.onClosingSettled(1))).to.deep.equal(['closeFrame 1 (user)'])
      expect(scene.give(on.linkClosedByPeer(1))).to.deep.equal(['lose 1', 'drain 1 (handlers)'])
      expect(scene.give(on.drained(1))).to.deep.equal(['onClose 1'])
      expect(scene.give(on.onCloseSettled(1))).to.deep.equal([
        'cancel half',
        'cancel cut',
        'cancel end',
        'state closed',
        'ended',
      ])
    })

    it('waits for @OnOpen, and calls @OnClosing only if that resolved in time', () => {
      const good = scenes.opening().after(on.close())
      expect(good.give(on.onOpenResolved(1), on.drained(1))).to.deep.equal(['onClosing 1'])
      const bad = scenes.opening().after(on.close())
      expect(bad.give(on.onOpenThrew(1))).to.deep.equal(['onError 1 (open: reported)'])
      expect(bad.give(on.drained(1))).to.deep.equal(['closeFrame 1 (user)'])
      const slow = scenes.opening().after(on.close())
      expect(slow.give(on.timerFired('half'))).to.deep.equal(['closeFrame 1 (user)'])
    })

    it('cancels the timeout of @OnOpen, because there is a single deadline', () => {
      expect(scenes.opening().give(on.close())).to.include('cancel open:1')
      expect(scenes.handedOver().give(on.close())).to.include('cancel drain:1')
    })

    it('cancels the attempt of a candidate, and drains one that is open', () => {
      expect(scenes.candidateDialling().give(on.close())).to.include('cutAttempt 2')
      const opening = scenes.candidateOpening()
      expect(opening.give(on.close())).to.include.members(['drain 1 (handlers)', 'drain 2 (handlers)'])
      expect(opening.state.previous).to.equal(2)
    })

    it('forgets a handover', () => {
      const scene = scenes.candidateDialling().after(on.attemptFailed(2, 'retry'))
      expect(scene.give(on.close())).to.include('cancel handover')
    })

    it('lets a link that has already ended continue', () => {
      const scene = scenes.open().after(on.linkLost(1, 'retry'))
      expect(scene.give(on.close())).to.deep.equal([
        'cancel delay',
        'cancel drain:1',
        ...deadlines('closeTimeout'),
        'state closing',
        'abortConnection',
      ])
    })

    it('calls @OnClosing without waiting for it when half of the time is up', () => {
      const scene = scenes.open().after(on.close())
      expect(scene.give(on.timerFired('half'))).to.deep.equal(['onClosing 1', 'closeFrame 1 (user)'])
      const saying = scenes.open().after(on.close(), on.drained(1))
      expect(saying.give(on.timerFired('half'))).to.deep.equal(['closeFrame 1 (user)'])
    })

    it('terminates open sockets when nine tenths of the time are up', () => {
      const scene = scenes.open().after(on.close(), on.timerFired('half'))
      expect(scene.give(on.timerFired('cut'))).to.deep.equal(['terminate 1'])
    })

    it('terminates a link whose heartbeat timed out', () => {
      const effects = scenes.open().after(on.close()).give(on.heartbeatDead(1))
      expect(effects).to.deep.equal(['lose 1', 'terminate 1', 'onError 1 (heartbeat: reported)'])
    })

    it('calls @OnClose without waiting for it at the end of the time', () => {
      const scene = scenes.open().after(on.close())
      expect(scene.give(on.timerFired('end'))).to.deep.equal([
        'cancel half',
        'cancel cut',
        'terminate 1',
        'lose 1',
        'discard 1',
        'onClose 1',
        'state closed',
        'ended',
      ])
    })

    it('reports an @OnClose that did not complete by the end of the time', () => {
      const scene = scenes.open().after(on.close(), on.linkLost(1), on.drained(1))
      expect(scene.give(on.timerFired('end'))).to.deep.equal([
        'cancel half',
        'cancel cut',
        'onError 1 (close: reported)',
        'state closed',
        'ended',
      ])
    })

    it('does nothing the second time, or when closed', () => {
      expect(scenes.open().after(on.close()).give(on.close())).to.deep.equal([])
      expect(scenes.connecting().after(on.close()).give(on.close())).to.deep.equal([])
    })

    it('shortens the time of a connection that gives up', () => {
      const scene = scenes.open().after(on.linkLost(1))
      expect(scene.give(on.close())).to.deep.equal([
        'move half by closeTimeout',
        'move cut by closeTimeout',
        'move end by closeTimeout',
      ])
      expect(scene.shape.isError).to.be.true
      const late = scenes.open().after(on.linkLost(1), on.timerFired('half'))
      expect(late.give(on.close())).to.not.include('move half by closeTimeout')
    })
  })

  describe('giving up', () => {
    it('drains a lingering link, and no longer waits for its requests', () => {
      const scene = scenes.handedOver()
      expect(scene.give(on.linkLost(2))).to.include.members([
        'cancel drain:1',
        'stopTaking 1',
        'drain 1 (handlers)',
        'set end by drainTimeout',
      ])
      expect(scene.give(on.drained(1), on.onClosingSettled(1))).to.deep.equal(['closeFrame 1 (normal)'])
    })
  })

  describe('end()', () => {
    it('calls @OnClosing, sends the last words, and leaves the close to the server', () => {
      const scene = scenes.aging()
      expect(scene.give(on.end())).to.deep.equal([
        'cancel maxAge',
        'set lastWords by endTimeout',
        'onClosing 1',
        'state closing',
        'abortConnection',
      ])
      expect(scene.give(on.onClosingSettled(1))).to.deep.equal(['lastWords 1'])
      expect(scene.give(on.linkClosedByPeer(1))).to.deep.equal(['lose 1', 'drain 1 (handlers)'])
      expect(scene.give(on.drained(1))).to.deep.equal(['onClose 1'])
      expect(scene.give(on.onCloseSettled(1))).to.deep.equal(['cancel lastWords', 'state closed', 'ended'])
      expect(scene.shape.isError).to.be.false
    })

    it('is refused unless the connection is open', () => {
      for (const scene of [scenes.connecting(), scenes.opening(), scenes.waiting()]) {
        expect(scene.give(on.end())).to.deep.equal([])
        expect(scene.refused).to.equal('NotConnectedError')
      }
      for (const scene of [scenes.open().after(on.end()), scenes.connecting().after(on.close())]) {
        expect(scene.give(on.end())).to.deep.equal([])
        expect(scene.refused).to.equal('ConnectionClosedError')
      }
    })

    it('drops a candidate', () => {
      expect(scenes.candidateDialling().give(on.end())).to.include('cutAttempt 2')
      expect(scenes.candidateOpening().give(on.end())).to.deep.equal([
        'cancel open:2',
        'set lastWords by endTimeout',
        'set frame:2 by closeTimeout',
        'closeFrame 2 (normal)',
        'lose 2',
        'onClosing 1',
        'state closing',
        'abortConnection',
      ])
    })

    it('lets a replaced link leave as before', () => {
      const scene = scenes.handedOver().after(on.end())
      expect(phaseOf(scene.state, 1)).to.equal('lingering')
      expect(scene.give(on.timerFired('drain:1'))).to.deep.equal([
        'set frame:1 by closeTimeout',
        'onClosing 1',
        'closeFrame 1 (normal)',
      ])
    })

    it('treats a loss as an error', () => {
      const lost = scenes.open().after(on.end())
      expect(lost.give(on.linkLost(1))).to.deep.equal([
        'lose 1',
        'drain 1 (handlers)',
        'onError 1 (close: fatal)',
      ])
      expect(lost.shape.isError).to.be.true
      const dead = scenes.open().after(on.end())
      expect(dead.give(on.heartbeatDead(1))).to.deep.equal([
        'lose 1',
        'terminate 1',
        'onError 1 (heartbeat: fatal)',
      ])
    })

    it('turns into close() when its time is up', () => {
      const scene = scenes.open().after(on.end(), on.onClosingSettled(1))
      expect(scene.give(on.timerFired('lastWords'))).to.deep.equal([
        ...deadlines('closeTimeout'),
        'stopTaking 1',
        'drain 1 (handlers)',
      ])
      expect(scene.give(on.drained(1))).to.deep.equal(['closeFrame 1 (user)'])
    })

    it('turns into close() when that is called', () => {
      const scene = scenes.open().after(on.end())
      expect(scene.give(on.close())).to.deep.equal(['cancel lastWords', ...deadlines('closeTimeout')])
      expect(scene.give(on.onClosingSettled(1))).to.deep.equal(['lastWords 1', 'closeFrame 1 (user)'])
    })

    it('sends the last words before the close frame if @OnClosing does not complete', () => {
      const scene = scenes.open().after(on.end(), on.timerFired('lastWords'))
      expect(scene.give(on.timerFired('half'))).to.deep.equal(['lastWords 1', 'closeFrame 1 (user)'])
    })
  })

  describe('terminate()', () => {
    it('cancels an attempt and closes immediately', () => {
      const effects = scenes.connecting().give(on.terminate())
      expect(effects).to.deep.equal(['cutAttempt 1', ...CLOSED, 'rejectReady', 'ended'])
    })

    it('terminates every socket, and runs @OnClose when they have ended', () => {
      const scene = scenes.handedOver()
      expect(scene.give(on.terminate())).to.deep.equal([
        'cancel maxAge',
        'cancel drain:1',
        'set end by closeTimeout',
        'terminate 2',
        'terminate 1',
        'state closing',
        'abortConnection',
      ])
      expect(scene.give(on.linkLost(2))).to.deep.equal(['lose 2', 'discard 2', 'onClose 2'])
    })

    it('does not wait for handlers of a link that has ended', () => {
      const scene = scenes.open().after(on.linkLost(1, 'retry'))
      expect(scene.give(on.terminate())).to.deep.equal([
        'cancel delay',
        'cancel drain:1',
        'set end by closeTimeout',
        'discard 1',
        'onClose 1',
        'state closing',
        'abortConnection',
      ])
    })

    it('ends every other kind of closing', () => {
      const closing = scenes.open().after(on.close())
      expect(closing.give(on.terminate())).to.deep.equal([
        'cancel half',
        'cancel cut',
        'move end by closeTimeout',
        'terminate 1',
      ])
      const ending = scenes.open().after(on.end())
      expect(ending.give(on.terminate())).to.deep.equal([
        'cancel lastWords',
        'set end by closeTimeout',
        'terminate 1',
      ])
    })

    it('lets a running @OnClose continue', () => {
      const scene = scenes.open().after(on.linkLost(1, 'retry'), on.drained(1), on.terminate())
      expect(phaseOf(scene.state, 1)).to.equal('parting')
      expect(scene.give(on.onCloseSettled(1))).to.deep.equal(['cancel end', 'state closed', 'ended'])
    })

    it('does nothing the second time, or when closed', () => {
      expect(scenes.open().after(on.terminate()).give(on.terminate())).to.deep.equal([])
      expect(scenes.connecting().after(on.terminate()).give(on.terminate())).to.deep.equal([])
    })
  })

  describe('the signal of bootstrap', () => {
    it('terminates while ready is pending', () => {
      expect(scenes.connecting().give(on.signalAborted())).to.include('cutAttempt 1')
      expect(scenes.opening().give(on.signalAborted())).to.include('terminate 1')
      expect(scenes.waiting().give(on.signalAborted())).to.include('state closed')
    })

    it('changes nothing later', () => {
      expect(scenes.open().give(on.signalAborted())).to.deep.equal([])
      expect(scenes.open().after(on.linkLost(1, 'retry')).give(on.signalAborted())).to.deep.equal([])
      expect(scenes.opening().after(on.close()).give(on.signalAborted())).to.deep.equal([])
    })
  })

  describe('late events', () => {
    it('of links that no longer exist change nothing', () => {
      const { state } = scenes.waiting()
      for (const event of [
        on.attemptOpened(1),
        on.linkLost(1, 'retry'),
        on.drained(1),
        on.onCloseSettled(1),
      ]) {
        const scene = scenes.waiting()
        expect(scene.give(event)).to.deep.equal([])
        expect(scene.state.shape).to.equal(state.shape)
      }
    })

    it('of timers that are not running change nothing', () => {
      expect(scenes.open().give(on.timerFired('delay'))).to.deep.equal([])
      expect(scenes.open().give(on.timerFired('open:1', 'retry'))).to.deep.equal([])
    })
  })

  it('gives connections in the same situation one shape, and changes no state', () => {
    const scene = scenes.reopened().after(on.linkLost(2, 'retry'), on.drained(2), on.onCloseSettled(2))
    const before = scene.state
    expect(before.shape.status).to.equal('waiting')
    scene.give(on.timerFired('delay'), on.attemptOpened(3), on.onOpenResolved(3))
    expect(scene.shape).to.equal(scenes.reopened().shape)
    expect(before.shape.status).to.equal('waiting')
    expect(scene.shape).to.be.frozen
  })
})

describe('asks', () => {
  it('is true for each failure that needs a retry decision', () => {
    expect(asks(scenes.connecting().state, on.attemptFailed(1))).to.be.true
    expect(asks(scenes.opening().state, on.onOpenThrew(1))).to.be.true
    expect(asks(scenes.opening().state, on.timerFired('open:1'))).to.be.true
    expect(asks(scenes.open().state, on.linkLost(1))).to.be.true
    expect(asks(scenes.candidateOpening().state, on.linkClosedByPeer(2))).to.be.true
  })

  it('is false while closing, after our own close frame, while a candidate opens, and for a replaced link', () => {
    expect(asks(scenes.open().after(on.close()).state, on.linkLost(1))).to.be.false
    expect(asks(scenes.open().after(on.reconnect()).state, on.linkLost(1))).to.be.false
    expect(asks(scenes.candidateOpening().state, on.linkLost(1))).to.be.false
    expect(asks(scenes.handedOver().state, on.linkLost(1))).to.be.false
    expect(asks(scenes.open().state, on.onOpenResolved(1))).to.be.false
    expect(asks(scenes.open().state, on.timerFired('open:1'))).to.be.false
    expect(asks(scenes.open().state, on.drained(1))).to.be.false
  })
})

describe('resetsCounts', () => {
  it('is true if the lost link has lasted for minUptime and the counts were not reset for it before', () => {
    expect(resetsCounts(scenes.open().state, on.linkLost(1, 'stable'))).to.be.true
    expect(resetsCounts(scenes.open().state, on.linkLost(1))).to.be.false
    expect(resetsCounts(scenes.opening().state, on.linkLost(1, 'stable'))).to.be.false
    const forgiven = scenes.candidateDialling().after(on.attemptFailed(2))
    expect(resetsCounts(forgiven.state, on.linkLost(1, 'stable'))).to.be.false
  })
})
