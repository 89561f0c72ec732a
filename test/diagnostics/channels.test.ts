import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { publishMessage, publishState } from '#src/diagnostics/channels.js'

/** Subscribes to a channel while a function runs, and returns its messages. */
function heardOn(channel: string, run: () => void): unknown[] {
  const heard: unknown[] = []
  const listener = (diagnostic: unknown): void => void heard.push(diagnostic)
  subscribe(channel, listener)
  try {
    run()
  } finally {
    unsubscribe(channel, listener)
  }
  return heard
}

describe('diagnostics', () => {
  describe('holdfast:state', () => {
    it('publishes each transition', () => {
      const diagnostic = { connection: 'Ticker#1', from: 'connecting', to: 'open' }
      expect(heardOn('holdfast:state', () => publishState(diagnostic))).to.deep.equal([diagnostic])
    })

    it('publishes nothing if there are no subscribers', () => {
      const heard = heardOn('holdfast:state', () => {})
      publishState({ connection: 'Ticker#1', from: 'connecting', to: 'open' })
      expect(heard).to.deep.equal([])
    })
  })

  describe('holdfast:message', () => {
    it('publishes each decoded message and its connection', () => {
      const message = { type: 'tick' }
      const heard = heardOn('holdfast:message', () => publishMessage('Ticker#1', message))
      expect(heard).to.deep.equal([{ connection: 'Ticker#1', message }])
    })

    it('publishes nothing if there are no subscribers', () => {
      const heard = heardOn('holdfast:message', () => {})
      publishMessage('Ticker#1', {})
      expect(heard).to.deep.equal([])
    })
  })
})
