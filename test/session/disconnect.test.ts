import { expect } from 'chai'
import { ConnectionLostError, HandshakeError } from 'holdfast'
import {
  NEVER_OPENED,
  closeInfoOf,
  disconnectOf,
  failureOf,
  initiatorOf,
  lostError,
} from '#src/session/disconnect.js'
import type { Disconnect, EndedLink } from '#src/session/disconnect.js'

describe('initiatorOf', () => {
  it('is the peer if its close frame arrived, with or without a code', () => {
    for (const code of [1000, 1001, 1005, 4000]) {
      expect(initiatorOf({ code, reason: '' })).to.equal('remote')
    }
  })

  it('is the network if there was no close frame', () => {
    expect(initiatorOf({ code: 1006, reason: '' })).to.equal('network')
  })

  it('is this side if it sent a close code, whatever was received', () => {
    for (const code of [1000, 1006]) {
      expect(initiatorOf({ code, reason: '', sentCode: 1002 })).to.equal('local')
    }
  })
})

describe('failureOf', () => {
  const facts = { attempt: 3, elapsed: 1_500, lastMessage: { op: 'bye' }, hasBeenOpen: true }
  const loss: Disconnect = { initiator: 'remote', stage: 'close', code: 1001, reason: 'moving' }

  it('returns the close code and reason of a link that had opened', () => {
    expect(failureOf(loss, facts)).to.deep.equal({
      ...facts,
      error: undefined,
      initiator: 'remote',
      code: 1001,
      reason: 'moving',
    })
  })

  it('returns 1006 and an empty reason if there was no close frame', () => {
    const error = new Error('read ECONNRESET')
    const failure = failureOf({ initiator: 'network', stage: 'close', error }, facts)
    expect(failure).to.include({ error, code: 1006, reason: '' })
  })

  it('returns no close code for an attempt that never opened', () => {
    const failure = failureOf({ ...loss, code: 1006, reason: '' }, { ...facts, hasBeenOpen: false })
    expect(failure).to.not.have.any.keys('code', 'reason', 'status', 'headers')
    expect(failure.hasBeenOpen).to.equal(false)
  })

  it('adds the status and headers of a rejected handshake', () => {
    const headers = { 'retry-after': '5' }
    const error = new HandshakeError('ws://peer.test/', 'answered with 503', { status: 503, headers })
    const failure = failureOf(
      { initiator: 'network', stage: 'connect', error },
      { ...facts, hasBeenOpen: false },
    )
    expect(failure).to.include({ error, status: 503, headers })
  })

  it('omits details that concern only this side', () => {
    const failure = failureOf({ ...loss, sentCode: 1002, decision: { retry: true, delay: 5 } }, facts)
    expect(failure).to.not.have.any.keys('stage', 'sentCode', 'decision')
  })
})

/** An ended link. */
function endedLink(end: EndedLink['end'], facts: Partial<EndedLink> = {}): EndedLink {
  return { number: 2, isLocalEnd: false, sentCode: undefined, end, ...facts }
}

describe('disconnectOf', () => {
  it('returns who ended the link, with its close code, reason, and error', () => {
    const end = { code: 1001, reason: 'moving' }
    expect(disconnectOf(endedLink(end), end)).to.deep.equal({
      initiator: 'remote',
      stage: 'close',
      error: undefined,
      code: 1001,
      reason: 'moving',
    })
  })

  it('is local if this side started closing, whatever was received', () => {
    for (const code of [1000, 1006]) {
      const end = { code, reason: '' }
      expect(disconnectOf(endedLink(end, { isLocalEnd: true }), end).initiator).to.equal('local')
    }
  })
})

describe('closeInfoOf', () => {
  const facts = { willReconnect: true, unsentBytes: 12 } as const

  it("returns how the link ended, with the connection's details", () => {
    const error = new Error('a masked frame')
    const end = { code: 1001, reason: 'moving', error }
    const info = closeInfoOf(endedLink(end), undefined, { ...facts, replaced: true })
    expect(info).to.deep.equal({
      ...facts,
      initiator: 'remote',
      connectionNumber: 2,
      code: 1001,
      reason: 'moving',
      wasClean: true,
      replaced: true,
      sentCode: 1001,
      error,
    })
  })

  it('has the received code as sentCode, if there was one', () => {
    expect(closeInfoOf(endedLink({ code: 4123, reason: '' }), undefined, facts).sentCode).to.equal(4123)
    const withoutCode = closeInfoOf(endedLink({ code: 1005, reason: '' }), undefined, facts)
    expect(withoutCode).to.include({ wasClean: true, sentCode: undefined })
  })

  it('is not clean and has no sentCode if there was no close frame', () => {
    const info = closeInfoOf(endedLink({ code: 1006, reason: '' }), undefined, facts)
    expect(info).to.include({ wasClean: false, sentCode: undefined, initiator: 'network' })
  })

  it('prefers the code that this side sent first', () => {
    for (const code of [1000, 1005, 1006]) {
      const link = endedLink({ code, reason: '' }, { isLocalEnd: true, sentCode: 4000 })
      expect(closeInfoOf(link, undefined, facts)).to.include({ sentCode: 4000, initiator: 'local' })
    }
  })

  it('keeps the initiator that was determined before the end', () => {
    const disconnect: Disconnect = { initiator: 'network', stage: 'heartbeat' }
    const info = closeInfoOf(endedLink({ code: 1000, reason: '' }), disconnect, facts)
    expect(info.initiator).to.equal('network')
  })

  it('does not name this side as the initiator of an end with an error', () => {
    const end = { code: 1006, reason: '', error: new Error('read ECONNRESET') }
    expect(closeInfoOf(endedLink(end, { isLocalEnd: true }), undefined, facts).initiator).to.equal('network')
  })
})

describe('NEVER_OPENED', () => {
  it('has connection number 0, and describes a local close without a reconnect', () => {
    expect(NEVER_OPENED).to.deep.equal({
      code: 1006,
      reason: '',
      wasClean: false,
      initiator: 'local',
      willReconnect: false,
      unsentBytes: 0,
      connectionNumber: 0,
    })
  })
})

describe('lostError', () => {
  const error = new Error('no sign of life')
  const broken = new ConnectionLostError('Connection to ws://peer.test/ lost: reset', 1006, '')
  const rows: readonly [Omit<Disconnect, 'stage'>, string][] = [
    [{ initiator: 'local', error }, 'Connection lost: no sign of life'],
    [{ initiator: 'network', error: broken }, 'Connection to ws://peer.test/ lost: reset'],
    [{ initiator: 'local' }, 'Connection closed locally'],
    [{ initiator: 'network' }, 'Connection lost: no close frame received'],
    [{ initiator: 'remote', code: 1001, reason: '' }, 'Connection closed by the peer with 1001'],
    [
      { initiator: 'remote', code: 4000, reason: 'moving' },
      'Connection closed by the peer with 4000 (moving)',
    ],
  ]
  for (const [loss, message] of rows) {
    it(`has the message "${message}"`, () => {
      expect(lostError({ stage: 'close', ...loss }).message).to.equal(message)
    })
  }

  it('has the close code, the reason, and the cause', () => {
    const lost = lostError({ initiator: 'remote', stage: 'close', code: 1008, reason: 'policy', error })
    expect(lost).to.be.instanceOf(ConnectionLostError)
    expect(lost).to.include({ closeCode: 1008, reason: 'policy', cause: error })
  })

  it('has close code 1006 and no cause if neither is known', () => {
    const lost = lostError({ initiator: 'network', stage: 'close' })
    expect(lost).to.include({ closeCode: 1006, reason: '' })
    expect(lost).to.not.have.property('cause')
  })
})
