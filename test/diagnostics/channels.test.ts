import { expect } from 'chai'
import { listenTo } from '../support/heard.js'
import { ready } from '../support/rig.js'

describe('diagnostics', () => {
  describe('holdfast:state', () => {
    it('publishes each change of the status, and nothing after the subscriber has gone', async () => {
      const rig = await ready()
      {
        using heard = listenTo('holdfast:state')
        rig.server.peer.drop()
        expect(heard.events.map(({ from, to }) => `${from} ${to}`)).to.deep.equal(['open waiting'])
      }
    })
  })
})
