import { expect } from 'chai'
import { ConnectFailedError, ConnectTimeoutError, HandshakeError, ProtocolViolationError } from 'holdfast'
import type { Transport } from 'holdfast'
import { LinkClosing, chooseError } from '#src/link/link-closing.js'
import { FACTS } from '../support/facts.js'

/** The closing of a transport that records its calls. */
function rig(isOpen = true) {
  const calls: string[] = []
  const transport = {
    isOpen,
    close(code: number, reason: string): void {
      calls.push(`close ${code} ${reason}`)
      this.isOpen = false
    },
    terminate(): void {
      calls.push('terminate')
      this.isOpen = false
    },
  }
  const closing = new LinkClosing(transport as unknown as Transport, { facts: FACTS })
  return { calls, transport, closing }
}

const LOST = { code: 1006, reason: '' }

describe('chooseError', () => {
  const given = new ConnectTimeoutError('ws://peer.test/', 5)
  const answer = new HandshakeError('ws://peer.test/', 'answered with 401', { status: 401 })
  const violation = new ProtocolViolationError(1002, new Error('a masked frame'))
  const failed = new ConnectFailedError('ws://peer.test/', new Error('socket hang up'))
  const foreign = new Error('read ECONNRESET')

  it("prefers the server's response to this side's reason", () => {
    expect(chooseError(answer, given)).to.equal(answer)
    expect(chooseError(violation, given)).to.equal(violation)
  })

  it("prefers this side's reason to the error that its termination causes", () => {
    expect(chooseError(failed, given)).to.equal(given)
    expect(chooseError(foreign, given)).to.equal(given)
  })

  it('returns the error if there is only one', () => {
    for (const error of [answer, failed, foreign]) expect(chooseError(error, undefined)).to.equal(error)
    expect(chooseError(undefined, given)).to.equal(given)
    expect(chooseError(undefined, undefined)).to.equal(undefined)
  })
})

describe('LinkClosing', () => {
  describe('#close', () => {
    it('starts the closing handshake, and records that this side did', () => {
      const { calls, closing } = rig()
      closing.close(4001, 'bye')
      expect(calls).to.deep.equal(['close 4001 bye'])
      expect(closing).to.include({ isLocal: true, sentCode: 4001 })
    })

    it('does not count as local, or as sent, if the peer started to close', () => {
      const { closing } = rig(false)
      closing.close(4001, 'late')
      expect(closing).to.include({ isLocal: false, sentCode: undefined })
    })
  })

  describe('#terminate', () => {
    it('terminates an open socket, which counts as local', () => {
      const { calls, closing } = rig()
      closing.terminate()
      expect(calls).to.deep.equal(['terminate'])
      expect(closing).to.include({ isLocal: true, sentCode: undefined })
    })

    it('does not count as local if the peer started to close', () => {
      const { calls, closing } = rig(false)
      closing.terminate()
      expect(calls).to.deep.equal(['terminate'])
      expect(closing.isLocal).to.equal(false)
    })

    it("still counts as local if it follows this side's closing handshake", () => {
      const { closing } = rig()
      closing.close(4001, 'bye')
      closing.terminate()
      expect(closing.isLocal).to.equal(true)
    })
  })

  describe('#terminate with a reason', () => {
    it('keeps the first reason', () => {
      const { calls, closing } = rig()
      const [first, second] = [new Error('first'), new Error('second')]
      closing.terminate(first)
      closing.terminate(second)
      expect(calls).to.deep.equal(['terminate', 'terminate'])
      expect(closing.onEnd({ ...LOST, error: new Error('socket hang up') }).error).to.equal(first)
    })
  })

  describe('#onEnd', () => {
    it('returns the end, with the error that the transport reports', () => {
      const error = new Error('read ECONNRESET')
      expect(rig().closing.onEnd({ code: 1006, reason: '', error })).to.deep.equal({ ...LOST, error })
      const end = { code: 1001, reason: 'moving', sentCode: 1002 }
      expect(rig().closing.onEnd(end)).to.deep.equal({ ...end, error: undefined })
    })

    it("uses the transport's code if the transport itself has sent one", () => {
      const { closing } = rig()
      closing.onEnd({ ...LOST, sentCode: 1009 })
      expect(closing.sentCode).to.equal(1009)
    })

    it('keeps the code that this side sent first', () => {
      const { closing } = rig()
      closing.close(4001, 'bye')
      closing.onEnd({ ...LOST, sentCode: 1009 })
      expect(closing.sentCode).to.equal(4001)
    })
  })

  describe('#end', () => {
    it("is the socket's recorded end", () => {
      const { closing } = rig()
      const end = closing.onEnd({ code: 1001, reason: 'moving' })
      expect(closing.end).to.equal(end)
    })

    it("is an abnormal end, with this side's reason if there is one, while no end has been reported", () => {
      const { closing } = rig()
      expect(closing.end).to.deep.equal({ ...LOST, error: undefined })
      const reason = new Error('silent')
      closing.terminate(reason)
      expect(closing.end).to.deep.equal({ ...LOST, error: reason })
    })
  })
})
