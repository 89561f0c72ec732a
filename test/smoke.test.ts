import { expect } from 'chai'
import { bootstrap, OnMessage } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
describe('smoke', () => {
  it('works on fakes', async () => {
    const got: unknown[] = []
    class A {
      @OnMessage() m(message: unknown) {
        got.push(message)
      }
    }
    const server = new MemoryServer()
    const clock = new FakeClock()
    const client = await bootstrap(A, 'ws://x/', { transport: server.connect, clock, logger: false })
    server.peer.send({ a: 1 })
    expect(got).to.deep.equal([{ a: 1 }])
    await client.close()
    expect(clock.timers).to.equal(0)
  })
})
