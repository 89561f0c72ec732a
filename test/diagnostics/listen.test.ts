import { channel } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { listen } from '#src/diagnostics/listen.js'

describe('listen', () => {
  it('receives what is published, until it is called off', () => {
    const heard: unknown[] = []
    const unlisten = listen({ 'holdfast:queue': (diagnostic) => void heard.push(diagnostic) })
    channel('holdfast:queue').publish({ isPaused: true })
    unlisten()
    channel('holdfast:queue').publish({ isPaused: false })
    expect(heard).to.deep.equal([{ isPaused: true }])
    expect(channel('holdfast:queue').hasSubscribers).to.equal(false)
  })
})
