import { expect } from 'chai'
import type { Link } from '#src/link/link.js'
import { tapLink } from '#src/session/tap-link.js'

/** The parts of a link that a tap uses. Everything that happens is noted in `events`, also by the tap. */
function rig() {
  const events: unknown[] = []
  class Socket {
    isOpen = true
    send(data: string, flushed?: () => void): void {
      events.push(['sent', data])
      flushed?.()
    }
  }
  class FakeLink {
    readonly number = 2
    readonly transport = new Socket()
    readonly closing = { end: { error: undefined } }
    readonly sentCode = undefined
    get skippedHead(): string {
      return 'head'
    }
    onMessage(data: string): void {
      events.push(['received', data])
    }
    onClose({ code }: { readonly code: number }): void {
      events.push(['closed', code])
    }
  }
  const link = new FakeLink()
  const release = tapLink(link as unknown as Link, (event) => void events.push(event))
  return { events, link, release }
}

describe('tapLink', () => {
  it('passes each message and the end to the tap before anything else receives it', () => {
    const { events, link } = rig()
    link.transport.send('one', () => void events.push('flushed'))
    link.onMessage('two')
    link.onClose({ code: 1000 })
    expect(events).to.deep.equal([
      { type: 'send', link: 2, data: 'one' },
      ['sent', 'one'],
      'flushed',
      { type: 'recv', link: 2, data: 'two' },
      ['received', 'two'],
      { type: 'close', link: 2, end: { code: 1000, sentCode: undefined, error: undefined } },
      ['closed', 1000],
    ])
  })

  it('does not pass messages that the socket can no longer send', () => {
    const { events, link } = rig()
    link.transport.isOpen = false
    link.transport.send('one')
    expect(events).to.deep.equal([['sent', 'one']])
  })

  it('lets the transport skip no message until the tap is released', () => {
    const { events, link, release } = rig()
    expect(link.skippedHead).to.equal(undefined)
    release()
    expect(link.skippedHead).to.equal('head')
    link.transport.send('one')
    link.onMessage('two')
    expect(events).to.deep.equal([
      ['sent', 'one'],
      ['received', 'two'],
    ])
  })
})
