import { expect } from 'chai'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ConnectionClosedError } from 'holdfast'
import { StateHolder } from '#src/session/state.js'
import type { ConnectionState } from '#src/session/state.js'
import { rejection } from '../support/rejection.js'

const OPEN: ConnectionState = { status: 'open', connectionNumber: 1, protocol: '' }
const CLOSING: ConnectionState = { status: 'closing', initiator: 'local', code: 1000, reason: '' }

describe('StateHolder', () => {
  it('begins to connect', () => {
    const holder = new StateHolder('a#1')
    expect(holder.state).to.deep.equal({ status: 'connecting', attempt: 1 })
    expect(holder.isClosing).to.be.false
  })

  it('resolves whenOpen once `open` is published, and at once while open', async () => {
    const holder = new StateHolder('a#1')
    let isOpen = false
    const opened = holder.whenOpen().then(() => (isOpen = true))
    holder.publish('opening')
    await Promise.resolve()
    expect(isOpen).to.be.false
    holder.set(OPEN)
    holder.publish('open')
    await opened
    await holder.whenOpen()
  })

  it('rejects whenOpen once `closing` is published, and from then on', async () => {
    const holder = new StateHolder('a#1')
    const waiting = rejection(holder.whenOpen())
    holder.set(CLOSING)
    holder.publish('closing')
    expect(await waiting).to.be.instanceOf(ConnectionClosedError)
    expect(await rejection(holder.whenOpen())).to.be.instanceOf(ConnectionClosedError)
    expect(holder.isClosing).to.be.true
  })

  it('publishes each change with the status before, however far the state is', () => {
    const seen: unknown[] = []
    const note = (message: unknown): void => void seen.push(message)
    subscribe('holdfast:state', note)
    const holder = new StateHolder('a#1')
    holder.set(CLOSING)
    holder.publish('waiting')
    holder.publish('closing')
    unsubscribe('holdfast:state', note)
    expect(seen).to.deep.equal([
      { connection: 'a#1', from: 'connecting', to: 'waiting' },
      { connection: 'a#1', from: 'waiting', to: 'closing' },
    ])
  })

  it('aborts its signal for the first reason, also where it is asked for later', () => {
    const holder = new StateHolder('a#1')
    const reason = new Error('closed')
    holder.abort(reason)
    expect(holder.signal.reason).to.equal(reason)
  })
})
