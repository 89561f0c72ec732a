import { expect } from 'chai'
import { inspect } from 'node:util'
import { ConnectOptionError } from 'holdfast'
import { resolveProxy } from '#src/proxy/proxy-option.js'
import { withProxyVariables } from '../support/environment.js'
import { rejection } from '../support/rejection.js'

const FEED = 'wss://user:secret@feed.example.com/v1?token=t'
const PROXY = 'http://alice:secret@proxy.test:3128'

describe('resolveProxy', () => {
  it('returns undefined if the option is not set, and false if it turns proxies off', async () => {
    await withProxyVariables({ HTTPS_PROXY: PROXY }, async () => {
      expect(await resolveProxy(undefined, FEED)).to.equal(undefined)
      expect(await resolveProxy(false, FEED)).to.equal(false)
    })
  })

  it('returns a proxy given as a string or a URL, with its credentials', async () => {
    expect(await resolveProxy(PROXY, FEED)).to.equal(PROXY)
    expect(await resolveProxy(new URL(PROXY), FEED)).to.equal(`${PROXY}/`)
  })

  it('connects directly to a Unix socket', async () => {
    expect(await resolveProxy(PROXY, 'ws+unix:///run/app.sock')).to.equal(false)
    expect(await resolveProxy(() => PROXY, 'ws+unix:///run/app.sock')).to.equal(false)
  })

  it('calls the function with the URL of the server, without its credentials', async () => {
    const urls: string[] = []
    const option = (url: string): string => {
      urls.push(url)
      return PROXY
    }
    expect(await resolveProxy(option, FEED)).to.equal(PROXY)
    expect(urls).to.deep.equal(['wss://feed.example.com/v1?token=t'])
  })

  it('accepts a promise, a URL, and undefined from the function', async () => {
    expect(await resolveProxy(async () => PROXY, FEED)).to.equal(PROXY)
    expect(await resolveProxy(() => new URL(PROXY), FEED)).to.equal(`${PROXY}/`)
    expect(await resolveProxy(() => undefined, FEED)).to.equal(false)
  })

  it("reads the environment for 'environment', from the option and from the function", async () => {
    await withProxyVariables({ HTTPS_PROXY: PROXY, NO_PROXY: '.internal' }, async () => {
      for (const option of ['environment', () => 'environment'] as const) {
        expect(await resolveProxy(option, FEED)).to.equal(PROXY)
        expect(await resolveProxy(option, 'wss://feed.internal')).to.equal(false)
        expect(await resolveProxy(option, 'ws://feed.example.com')).to.equal(false)
      }
    })
  })

  it('reports an exception of the function, so that Holdfast retries', async () => {
    const thrown = new Error('no configuration yet')
    const error = await rejection(resolveProxy(() => Promise.reject(thrown), FEED))
    expect(error).to.be.instanceOf(ConnectOptionError)
    expect((error as Error).message).to.equal('The proxy function threw: no configuration yet')
    expect(error).to.include({ option: 'proxy', isInvalidValue: false, cause: thrown })
  })

  const invalid: [string, unknown, string][] = [
    ['a number', 3128, 'expected a string, a URL, or undefined, received a number'],
    ['null', null, 'expected a string, a URL, or undefined, received null'],
    [
      'a URL without a scheme',
      'proxy.test:3128',
      "'proxy.test:3128' has no scheme. Include the scheme: http://proxy.test:3128",
    ],
    [
      'a URL with an unknown scheme',
      'ftp://alice:secret@proxy.test',
      'ftp://proxy.test/ has the unsupported scheme "ftp". Use http://, https://, or socks5://',
    ],
    [
      'a malformed percent sequence',
      'http://alice:secret%@proxy.test',
      'http://proxy.test/ has an invalid percent sequence in the username or password. Encode a percent sign as %25',
    ],
  ]
  for (const [what, value, reason] of invalid) {
    it(`reports ${what} from the function as an invalid value, without credentials`, async () => {
      const error = await rejection(resolveProxy((() => value) as never, FEED))
      expect(error).to.be.instanceOf(ConnectOptionError)
      expect(error).to.include({ option: 'proxy', isInvalidValue: true })
      expect((error as Error).message).to.equal(`The proxy function returned an invalid value: ${reason}`)
      expect(inspect(error, { depth: 9, showHidden: true })).to.not.match(/alice|secret/)
    })
  }

  it('names the variable of an unusable proxy in the environment, without its value', async () => {
    await withProxyVariables({ https_proxy: 'gopher://alice:secret@proxy.test' }, async () => {
      const error = await rejection(resolveProxy('environment', FEED))
      expect(error).to.be.instanceOf(ConnectOptionError)
      expect((error as Error).message).to.equal(
        'The proxy option cannot be used: https_proxy: gopher://proxy.test has the unsupported scheme "gopher". Use http://, https://, or socks5://',
      )
      expect(inspect(error, { depth: 9, showHidden: true })).to.not.match(/alice|secret/)
    })
  })
})
