import { expect } from 'chai'
import { once } from 'node:events'
import { bootstrap, OnClose, OnError, OnMessage, OnOpen } from 'holdfast'
import type { ConnectionContext, ErrorContext } from 'holdfast'
import { startTestServer } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { eventually, turns } from '../support/eventually.js'
import { watched } from '../support/watched.js'
import { describeBothWays } from '../ws/ws-scene.js'

interface Numbered {
  readonly number: number
}

describeBothWays('bootstrap over real sockets', function (transport) {
  this.timeout(30_000)
  const use = disposal()

  it('loses no messages, answers pings, and closes even if a handler throws on every second message (B3)', async () => {
    const handled: number[] = []
    const failed: Error[] = []
    let closes = 0
    class Stumbling {
      @OnMessage()
      message({ number }: Numbered): void {
        handled.push(number)
        if (number % 2 === 1) throw new Error(`stumbled over ${number}`)
      }

      @OnError()
      failed(error: Error): void {
        failed.push(error)
        if (failed.length % 3 === 0) throw new Error('stumbled over the error, too')
      }

      @OnClose()
      closed(): void {
        closes += 1
        throw new Error('stumbled over the end')
      }
    }
    const server = use(await startTestServer())
    const client = use(await bootstrap(Stumbling, server.url, { logger: false, transport }))
    const { socket } = await server.connection(1)
    const numbers = Array.from({ length: 100 }, (_, index) => index + 1)
    for (const number of numbers) socket.send(JSON.stringify({ number }))
    const pong = once(socket, 'pong')
    socket.ping('still there?')
    expect(String((await pong)[0])).to.equal('still there?')
    await eventually('all messages have been handled', () => handled.length === 100)
    expect(handled).to.deep.equal(numbers)
    expect(failed.map(({ message }) => message)).to.deep.equal(
      numbers.filter((number) => number % 2 === 1).map((number) => `stumbled over ${number}`),
    )
    const { code, wasClean } = await client.close()
    expect({ code, wasClean, closes }).to.deep.equal({ code: 1000, wasClean: true, closes: 1 })
    expect(failed.at(-1)?.message).to.equal('stumbled over the end')
  })

  it('delivers the first messages in order after a slow @OnOpen (B18)', async () => {
    const handled: unknown[] = []
    let finishOpening = (): void => undefined
    const opening = new Promise<void>((resolve) => (finishOpening = resolve))
    class Slow {
      @OnOpen()
      async opened(_open: unknown, { connection }: ConnectionContext): Promise<void> {
        await connection.send('opening')
        await opening
        handled.push('opened')
      }

      @OnMessage()
      message(message: unknown): void {
        handled.push(message)
      }
    }
    const server = use(
      await startTestServer(({ socket }) => {
        for (let number = 1; number <= 50; number += 1) socket.send(JSON.stringify(number))
      }),
    )
    const slowUrl = async (): Promise<string> => {
      await turns()
      return server.url
    }
    const starting = bootstrap(Slow, slowUrl, { logger: false, transport })
    const { received, socket } = await server.connection(1)
    await eventually('@OnOpen runs', () => received.length > 0)
    socket.send(JSON.stringify('last'))
    await turns()
    expect(handled).to.deep.equal([])
    finishOpening()
    use(await starting)
    await eventually('all messages have been handled', () => handled.length === 52)
    expect(handled).to.deep.equal(['opened', ...Array.from({ length: 50 }, (_, index) => index + 1), 'last'])
  })

  it('answers a ping within a second while idle (B35)', async () => {
    const { Watched } = watched()
    const server = use(await startTestServer())
    use(await bootstrap(Watched, server.url, { logger: false, transport, heartbeat: false }))
    const { socket } = await server.connection(1)
    const sentAt = performance.now()
    const pong = once(socket, 'pong')
    socket.ping('idle?')
    expect(String((await pong)[0])).to.equal('idle?')
    expect(performance.now() - sentAt).to.be.lessThan(1_000)
  })

  it('connects with a URL and headers that do not accumulate over five reconnects (B33)', async () => {
    const { Watched, log } = watched()
    const server = use(await startTestServer())
    const tokens = ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff']
    const url = new URL(`${server.url}/feed?symbol=BTC-USD`)
    use(
      await bootstrap(
        Watched,
        () => {
          url.searchParams.set('token', tokens[log.opens.length] as string)
          return url
        },
        {
          logger: false,
          transport,
          headers: { 'X-Api-Key': 'key' },
          protocols: [],
          reconnect: { delays: [0], initialDelay: 0 },
        },
      ),
    )
    for (let number = 1; number <= 5; number += 1) {
      const { socket } = await server.connection(number)
      socket.terminate()
      await eventually(
        `the connection is back for the ${number}th time`,
        () => log.opens.length === number + 1,
      )
    }
    const requests = server.connections.map(({ request }) => request)
    expect(requests.map(({ url: path }) => path)).to.deep.equal(
      tokens.map((token) => `/feed?symbol=BTC-USD&token=${token}`),
    )
    const names = requests.map(({ rawHeaders }) => rawHeaders.filter((_, index) => index % 2 === 0).sort())
    expect(names).to.deep.equal(names.map(() => names[0]))
    expect(requests.map(({ headers }) => headers['x-api-key'])).to.deep.equal(requests.map(() => 'key'))
  })

  it('reports the number of unsent bytes when the connection is lost', async () => {
    const { Watched, log } = watched()
    const server = use(await startTestServer())
    const options = { logger: false, transport, sendHighWaterMark: 2 ** 22 } as const
    const client = use(await bootstrap(Watched, server.url, options))
    const { socket } = await server.connection(1)
    socket.pause()
    const waits = Array.from({ length: 32 }, () => client.connection.send(new Uint8Array(2 ** 20)))
    await turns()
    expect(client.connection.bufferedAmount).to.be.greaterThan(0)
    await client.connection.terminate()
    await Promise.all(waits)
    expect(log.closes).to.have.lengthOf(1)
    expect(log.closes[0]?.unsentBytes).to.be.greaterThan(0)
  })

  describe('an endless stream returned by a handler', () => {
    interface Streamed {
      asked: number
      ends: number
      stages: string[]
    }

    /** Starts a client that streams without a pause to a peer that does not read yet. */
    async function streaming() {
      const log: Streamed = { asked: 0, ends: 0, stages: [] }
      class Streaming {
        @OnMessage()
        async *all(): AsyncGenerator {
          try {
            // If the stream were read without a pause, nothing else would ever run in this process.
            for (; log.stages.length < 10; log.asked += 1) yield { padding: 'x'.repeat(10_000) }
          } finally {
            log.ends += 1
          }
        }

        @OnError()
        failed(_: Error, { stage }: ErrorContext): void {
          log.stages.push(stage)
        }
      }
      const server = use(await startTestServer())
      const options = { logger: false, reconnect: false, sendHighWaterMark: 100_000 } as const
      const client = use(await bootstrap(Streaming, server.url, options))
      const { socket } = await server.connection(1)
      socket.pause()
      socket.send('{}')
      await eventually('the stream waits', () => client.connection.bufferedAmount >= 100_000)
      return { client, log, socket }
    }

    it('stays within sendHighWaterMark of what the peer has read, and continues when the peer reads more', async () => {
      const { client, log, socket } = await streaming()
      await turns()
      expect(client.connection.bufferedAmount).to.be.lessThan(120_000)
      const { asked } = log
      await turns()
      expect(log.asked).to.equal(asked)
      socket.resume()
      await eventually('the stream goes on', () => log.asked > asked + 1_000)
      await client.connection.terminate()
    })

    it('has its iterator closed once when close() is called, when the peer closes, and when the peer is lost', async () => {
      const ways: ((scene: Awaited<ReturnType<typeof streaming>>) => unknown)[] = [
        ({ client, socket }) => {
          socket.resume()
          return client.close()
        },
        ({ client, socket }) => {
          socket.resume()
          socket.close(1001)
          return client.closed
        },
        ({ client, socket }) => {
          socket.terminate()
          return client.closed
        },
      ]
      for (const end of ways) {
        const scene = await streaming()
        await end(scene)
        await eventually('the iterator is closed', () => scene.log.ends === 1)
        expect(scene.log.stages.filter((stage) => stage !== 'close').length).to.be.at.most(1)
      }
    })
  })
})
