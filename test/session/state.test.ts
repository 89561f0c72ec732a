import { expect } from 'chai'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ConnectionClosedError } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { StateHolder } from '#src/session/state.js'
import type { ConnectionState, StateSource } from '#src/session/state.js'
import { FACTS } from '../support/facts.js'
import { rejection } from '../support/rejection.js'

const OPEN: ConnectionState = { status: 'open', connectionNumber: 1, protocol: '' }
const CLOSING: ConnectionState = { status: 'closing', initiator: 'local', code: 1000, reason: '' }

const SOURCE: StateSource = { facts: FACTS, settings: { clock: new FakeClock() } }

describe('StateHolder', () => {
  it('starts in the state connecting', () => {
    const holder = new StateHolder(SOURCE)
    expect(holder.state).to.deep.equal({ status: 'connecting', attempt: 1 })
    expect(holder.isClosing).to.be.false
  })

  it('resolves whenOpen when `open` is published, and immediately while open', async () => {
    const holder = new StateHolder(SOURCE)
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

  it('rejects whenOpen when `closing` is published, and from then on', async () => {
    const holder = new StateHolder(SOURCE)
    const waiting = rejection(holder.whenOpen())
    holder.set(CLOSING)
    holder.publish('closing')
    expect(await waiting).to.be.instanceOf(ConnectionClosedError)
    expect(await rejection(holder.whenOpen())).to.be.instanceOf(ConnectionClosedError)
    expect(holder.isClosing).to.be.true
  })

  it('publishes each change with the previous status, even if the state has already changed again', () => {
    const seen: unknown[] = []
    const note = (message: unknown): void => void seen.push(message)
    subscribe('holdfast:state', note)
    const holder = new StateHolder(SOURCE)
    holder.set(CLOSING)
    holder.publish('waiting')
    holder.publish('closing')
    unsubscribe('holdfast:state', note)
    expect(seen).to.deep.equal([
      { ...SOURCE.facts, from: 'connecting', to: 'waiting' },
      { ...SOURCE.facts, from: 'waiting', to: 'closing' },
    ])
  })

  it('aborts its signal with the first reason, even if the signal is first read later', () => {
    const holder = new StateHolder(SOURCE)
    const reason = new Error('closed')
    holder.abort(reason)
    expect(holder.signal.reason).to.equal(reason)
  })
})
