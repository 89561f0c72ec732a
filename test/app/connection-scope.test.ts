import { expect } from 'chai'
import { Connection, Heartbeat, JsonSender, Logger, Subscriptions } from 'holdfast'
import { CONNECTION_TOKENS, ClientScope } from '#src/app/connection-scope.js'
import { connectionLogger } from '#src/core/logger.js'

/** Returns a scope, and the messages sent on its connection. */
function rig() {
  const sent: unknown[] = []
  const parts = {
    subscriptions: {},
    heartbeat: { latency: 12 },
    sendJson: (value: unknown) => Promise.resolve(void sent.push(value)),
  }
  const connection = parts as unknown as Connection
  const logger = connectionLogger(false, 'Ticker#1')
  return { connection, parts, logger, sent, scope: new ClientScope(connection, logger) }
}

describe('ClientScope', () => {
  it('provides the connection and its parts under their classes', () => {
    const tokens = [Connection, JsonSender, Heartbeat, Logger, Subscriptions]
    expect(CONNECTION_TOKENS).to.have.members(tokens)
    expect(rig().scope.tokens).to.equal(CONNECTION_TOKENS)
  })

  describe('#get', () => {
    it('returns the connection, its logger and its subscriptions', () => {
      const { connection, parts, logger, scope } = rig()
      expect(scope.get(Connection)).to.equal(connection)
      expect(scope.get(Logger)).to.equal(logger)
      expect(scope.get(Subscriptions)).to.equal(parts.subscriptions)
    })

    it('returns a JsonSender that sends on the connection', async () => {
      const { scope, sent } = rig()
      const json = scope.get(JsonSender)
      expect(json).to.be.instanceOf(JsonSender)
      await (json as JsonSender).send({ op: 'ping' })
      expect(sent).to.deep.equal([{ op: 'ping' }])
    })

    it("returns a Heartbeat that reads the connection's heartbeat", () => {
      const heartbeat = rig().scope.get(Heartbeat)
      expect(heartbeat).to.be.instanceOf(Heartbeat)
      expect((heartbeat as Heartbeat).latency).to.equal(12)
    })

    it('returns the same object every time', () => {
      const { scope } = rig()
      for (const token of CONNECTION_TOKENS) expect(scope.get(token)).to.equal(scope.get(token))
    })

    it('shares nothing with another scope', () => {
      const [first, second] = [rig(), rig()]
      for (const token of [JsonSender, Heartbeat]) {
        expect(first.scope.get(token)).not.to.equal(second.scope.get(token))
      }
    })
  })
})
