import { expect } from 'chai'
import { bootstrap, ConnectionClosedError, OnMessage, WebSocketClient } from 'holdfast'
import type { Client } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'

/** Names of the disposed instances, in order. */
let disposed: string[] = []

@WebSocketClient({ name: 'lobby' })
class Chat {
  readonly messages: unknown[] = []
  @OnMessage() received(message: unknown): void {
    this.messages.push(message)
  }
  async dispose(): Promise<void> {
    await Promise.resolve()
    disposed.push('Chat')
  }
}

async function open(): Promise<{ client: Client<Chat>; server: MemoryServer; clock: FakeClock }> {
  const server = new MemoryServer()
  const clock = new FakeClock()
  const client = await bootstrap(Chat, 'ws://peer.test/', { transport: server.connect, clock, logger: false })
  return { client, server, clock }
}

describe('Client', () => {
  beforeEach(() => {
    disposed = []
  })

  it('has the instance, its connection and its name', async () => {
    const { client } = await open()
    expect(client.instance).to.be.instanceOf(Chat)
    expect(client.connection.state.status).to.equal('open')
    expect(client.connection.id).to.match(/^lobby#\d+$/)
    expect(client.name).to.equal('lobby')
    await client.close()
  })

  describe('#close', () => {
    it('closes the connection, and resolves once everything has been disposed of', async () => {
      const { client, server, clock } = await open()
      const { code, reason } = await client.close(3000, 'bye')
      expect({ code, reason }).to.deep.equal({ code: 3000, reason: 'bye' })
      expect(server.peer.closeFrame).to.deep.equal({ code: 3000, reason: 'bye' })
      expect(disposed).to.deep.equal(['Chat'])
      expect(clock.timers).to.equal(0)
    })

    it('closes with 1000 by default', async () => {
      const { client, server } = await open()
      await client.close()
      expect(server.peer.closeFrame).to.deep.equal({ code: 1000, reason: '' })
    })

    it('has no effect when called again, and returns the same result', async () => {
      const { client } = await open()
      const [first, second] = await Promise.all([client.close(), client.close(3000)])
      expect(second).to.equal(first)
      expect(await client.close()).to.equal(first)
      expect(disposed).to.deep.equal(['Chat'])
    })

    it('rejects an invalid code or reason, and closes nothing', async () => {
      const { client, server } = await open()
      const thrown: unknown = await client.close(1006).catch((error: unknown) => error)
      expect(thrown).to.be.instanceOf(RangeError)
      expect(server.live).to.equal(1)
      await client.close()
    })
  })

  describe('#closed', () => {
    it('resolves with how the connection ended once everything has been disposed of, whichever side ended it', async () => {
      const { client } = await open()
      void client.connection.terminate()
      const { initiator, code } = await client.closed
      expect({ initiator, code }).to.deep.equal({ initiator: 'local', code: 1006 })
      expect(disposed).to.deep.equal(['Chat'])
      expect(() => client.connection.send('late')).to.throw(ConnectionClosedError)
    })
  })

  it('closes with 1000 at the end of an await using block', async () => {
    const { client: opened, server } = await open()
    {
      await using client = opened
      expect(client.instance.messages).to.deep.equal([])
    }
    expect(server.peer.closeFrame?.code).to.equal(1000)
    expect(disposed).to.deep.equal(['Chat'])
  })
})
