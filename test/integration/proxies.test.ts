import { expect } from 'chai'
import { inspect } from 'node:util'
import { bootstrap, ConnectTimeoutError, HandshakeError, RetriesExhaustedError } from 'holdfast'
import { startTestServer } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { withProxyVariables } from '../support/environment.js'
import { eventually } from '../support/eventually.js'
import { startHttpProxy } from '../support/http-proxy.js'
import { KeepingLogger } from '../support/keeping-logger.js'
import { startRawServer } from '../support/raw-server.js'
import { rejection } from '../support/rejection.js'
import { SELF_SIGNED } from '../support/self-signed.js'
import { startSocksProxy } from '../support/socks-proxy.js'
import { watched } from '../support/watched.js'

describe('A client behind a proxy', function () {
  this.timeout(30_000)
  const use = disposal()

  it('connects through the proxy that the environment names, unless NO_PROXY covers the host', async () => {
    const server = use(await startTestServer())
    const proxy = use(await startHttpProxy({ credentials: 'alice:p@ss' }))
    const variables = { HTTP_PROXY: proxy.url('alice:p%40ss@') }
    await withProxyVariables(variables, async () => {
      use(await bootstrap(watched().Watched, server.url, { proxy: 'environment', logger: false }))
      expect(proxy.targets).to.deep.equal([new URL(server.url).host])
    })
    await withProxyVariables({ ...variables, NO_PROXY: '127.0.0.1' }, async () => {
      use(await bootstrap(watched().Watched, server.url, { proxy: 'environment', logger: false }))
      expect(proxy.targets).to.have.length(1)
    })
  })

  it('verifies a proxy with tls.ca, also on the way to a server without TLS', async () => {
    const server = use(await startTestServer())
    const proxy = use(await startHttpProxy({ isSecure: true }))
    const options = { proxy: proxy.url(), tls: { ca: SELF_SIGNED.cert }, logger: false } as const
    use(await bootstrap(watched().Watched, server.url, options))
    expect(proxy.targets).to.deep.equal([new URL(server.url).host])
  })

  it('ignores the environment unless the option asks for it', async () => {
    const server = use(await startTestServer())
    await withProxyVariables({ ALL_PROXY: 'http://127.0.0.1:1' }, async () => {
      use(await bootstrap(watched().Watched, server.url, { logger: false }))
    })
  })

  it('calls the function on every attempt, so that the next attempt can use another proxy', async () => {
    const server = use(await startTestServer())
    const [first, second] = [use(await startHttpProxy()), use(await startSocksProxy())]
    const proxies = [first.url(), second.url()]
    const { Watched, log } = watched()
    const client = use(
      await bootstrap(Watched, server.url, {
        proxy: () => proxies.shift(),
        reconnect: { delays: [0], initialDelay: 0 },
        logger: false,
      }),
    )
    await first[Symbol.asyncDispose]()
    await eventually('it has reconnected', () => log.opens.length === 2)
    expect(second.targets).to.have.length(1)
    await client.close()
  })

  it('never shows the credentials of the proxy: not in errors, their causes, or log lines', async () => {
    const proxy = use(await startHttpProxy({ credentials: 'other:one' }))
    const socks = use(await startSocksProxy({ credentials: 'other:one' }))
    const logger = new KeepingLogger()
    for (const url of [proxy.url('alice:p%40ss@'), socks.url('alice:p%40ss@')]) {
      const { Watched, log } = watched()
      const options = { proxy: url, logger, reconnect: { maxAttempts: 1 } } as const
      const error = await rejection(bootstrap(Watched, 'ws://127.0.0.1:81', options))
      const shown = inspect([error, log, logger], { depth: 9, showHidden: true })
      expect(shown)
        .to.include('Proxy')
        .and.not.match(/alice|p@ss|p%40ss|YWxpY2U/)
    }
  })

  it('stops on 407, because a retry with the same credentials cannot succeed', async () => {
    const proxy = use(await startHttpProxy({ credentials: 'alice:secret' }))
    const start = bootstrap(watched().Watched, 'ws://feed.test', { proxy: proxy.url(), logger: false })
    const error = await rejection(start)
    expect(error).to.be.instanceOf(HandshakeError)
    expect(error).to.include({ status: 407, proxy: proxy.url() })
    expect(proxy.requests).to.have.length(1)
  })

  it('retries if the proxy fails to reach the server', async () => {
    const proxy = use(await startHttpProxy())
    const options = {
      proxy: proxy.url(),
      logger: false,
      reconnect: { maxAttempts: 3, delays: [0], initialDelay: 0 },
    } as const
    const error = await rejection(bootstrap(watched().Watched, 'ws://127.0.0.1:1', options))
    expect(error).to.be.instanceOf(RetriesExhaustedError)
    expect((error as Error).cause).to.include({ status: 502, proxy: proxy.url() })
    expect(proxy.requests).to.have.length(3)
  })

  for (const kind of ['http', 'https', 'socks5'] as const) {
    it(`gives up after connectTimeout if its ${kind} proxy never answers, and closes its connection to it`, async () => {
      const silent = use(await startRawServer(() => undefined))
      const proxy = `${kind}://alice:secret@127.0.0.1:${silent.port}`
      const options = { proxy, logger: false, connectTimeout: 300, reconnect: { maxAttempts: 1 } } as const
      const error = await rejection(bootstrap(watched().Watched, 'ws://127.0.0.1:81', options))
      const { cause } = error as Error
      expect(cause).to.be.instanceOf(ConnectTimeoutError)
      expect((cause as Error).message).to.equal(
        `Connection attempt to ws://127.0.0.1:81/ timed out after 300 ms (connectTimeout). The connection goes through the proxy ${kind}://127.0.0.1:${silent.port}`,
      )
      expect(silent.sockets).to.have.length(1)
      await eventually('the connection is closed', () => silent.sockets[0]?.destroyed === true)
    })
  }
})
