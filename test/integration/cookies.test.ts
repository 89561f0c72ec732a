import { expect } from 'chai'
import { HandshakeError, OnMessage, OnOpen, bootstrap } from 'holdfast'
import type { ClientOptions, CookieJar } from 'holdfast'
import { CookieJar as ToughJar } from 'tough-cookie'
import { disposal } from '../support/disposal.js'
import { eventually } from '../support/eventually.js'
import { startRawServer, upgradeAnswer } from '../support/raw-server.js'
import type { RawServer } from '../support/raw-server.js'

const log: string[] = []

class Feed {
  @OnOpen()
  opened(): void {
    log.push('@OnOpen')
  }

  @OnMessage()
  received(): void {
    // The messages do not matter.
  }
}

/** The jar of `tough-cookie` as a `cookies` option. */
function jarOf(jar: ToughJar): CookieJar {
  return {
    get: (url) => jar.getCookieString(url),
    set: (url, setCookie) =>
      Promise.all(setCookie.map((cookie) => jar.setCookie(cookie, url, { ignoreError: true }))),
  }
}

/** The server does not answer close frames. */
const QUICK = {
  logger: false,
  closeTimeout: 10,
  reconnect: { initialDelay: 1, maxDelay: 1, minUptime: 1 },
} as const

describe('A cookie jar over real sockets', function () {
  this.timeout(30_000)
  const use = disposal()
  beforeEach(() => log.splice(0))

  /** A server that answers each handshake in turn, the last answer again and again. */
  async function serve(...answers: readonly ((request: string) => string)[]): Promise<RawServer> {
    let index = 0
    return use(
      await startRawServer(({ socket, request }) => {
        const answer = answers[Math.min(index, answers.length - 1)]!
        index += 1
        const text = answer(request)
        if (text.startsWith('HTTP/1.1 101')) socket.write(text)
        else socket.end(text)
      }),
    )
  }

  const upgrade =
    (cookie?: string) =>
    (request: string): string =>
      upgradeAnswer(request, cookie === undefined ? {} : { 'Set-Cookie': cookie })
  const reject = (status: string, headers: string) => (): string =>
    `HTTP/1.1 ${status}\r\n${headers}\r\nContent-Length: 0\r\n\r\n`

  async function connect(server: RawServer, cookies: CookieJar, options: ClientOptions = {}) {
    return use(await bootstrap(Feed, server.url, { ...QUICK, cookies, ...options }))
  }

  const cookiesOf = (server: RawServer): (string | undefined)[] =>
    server.connections.map(({ request }) => /^cookie: (.*)$/im.exec(request)?.[1])

  it('returns to the backend that set a sticky cookie, after each loss', async () => {
    const server = await serve(upgrade('AWSALB=b7; Path=/; HttpOnly'), upgrade('AWSALB=b8; Path=/'))
    const jar = new ToughJar()
    const client = await connect(server, jarOf(jar))
    for (const links of [2, 3]) {
      server.connections.at(-1)?.socket.destroy()
      await eventually('the next link is open', () => log.length === links)
    }
    expect(cookiesOf(server)).to.deep.equal([undefined, 'AWSALB=b7', 'AWSALB=b8'])
    await client.close()
  })

  it('has the cookies of the upgrade before @OnOpen runs', async () => {
    const server = await serve(upgrade('a=1'))
    await connect(server, { get: () => '', set: () => log.push('set') })
    expect(log).to.deep.equal(['set', '@OnOpen'])
  })

  it('keeps cookies by path and expiry, and adds them to the header of the user', async () => {
    const server = await serve(upgrade('b=2'))
    const jar = new ToughJar()
    await jar.setCookie('a=1; Path=/', server.url)
    await jar.setCookie('other=1; Path=/other', server.url)
    await jar.setCookie('old=1; Max-Age=0', server.url)
    await connect(server, jarOf(jar), { headers: { Cookie: 'own=1' } })
    expect(cookiesOf(server)).to.deep.equal(['own=1; a=1'])
  })

  it('keeps the cookies of a rejection for the next attempt', async () => {
    const server = await serve(reject('503 Service Unavailable', 'Set-Cookie: queue=7'), upgrade())
    await connect(server, jarOf(new ToughJar()))
    expect(cookiesOf(server)).to.deep.equal([undefined, 'queue=7'])
  })

  it('passes a check for cookies that redirects to the same URL', async () => {
    const server = await serve(
      reject('307 Temporary Redirect', 'Location: /\r\nSet-Cookie: seen=1'),
      upgrade(),
    )
    await connect(server, jarOf(new ToughJar()), { followRedirects: true })
    expect(cookiesOf(server)).to.deep.equal([undefined, 'seen=1'])
  })

  it('does not send a cookie of one host to another', async () => {
    const other = await serve(upgrade())
    const url = other.url.replace('127.0.0.1', 'localhost')
    const server = await serve(reject('302 Found', `Location: ${url}/\r\nSet-Cookie: session=secret; Path=/`))
    await connect(server, jarOf(new ToughJar()), { followRedirects: true, headers: { Cookie: 'own=secret' } })
    expect(cookiesOf(other)).to.deep.equal([undefined])
  })

  it('does not appear in the error of a rejection', async () => {
    const server = await serve(reject('403 Forbidden', 'Set-Cookie: session=secret'))
    const error: unknown = await connect(server, jarOf(new ToughJar())).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(HandshakeError)
    expect(`${String(error)} ${JSON.stringify(error)}`).to.not.contain('secret')
  })
})
