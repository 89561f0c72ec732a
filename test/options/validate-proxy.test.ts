import { expect } from 'chai'
import type { ConnectionOptions } from 'holdfast'
import { checkEnvironment, checkProxy, socketAtStart } from '#src/options/validate-proxy.js'
import { validateOptions } from '#src/options/validate-options.js'
import { withProxyVariables } from '../support/environment.js'

const url = 'wss://feed.example.com'
const PROXY = 'http://alice:secret@proxy.test:3128'

describe('checkProxy', () => {
  it("accepts a URL as a string or an object, 'environment', a function, and false", () => {
    for (const proxy of [PROXY, new URL(PROXY), 'socks5://proxy', 'environment', () => PROXY, false])
      expect(checkProxy(proxy, 'options.proxy')).to.deep.equal([])
  })

  const wrong: [unknown, string, string][] = [
    [true, 'expected a string, a URL, a function, or false, received a boolean', "use 'http://…'"],
    [{ host: 'proxy' }, 'a function, or false, received ', "use 'http://…'"],
    [null, 'received null', "use 'http://…'"],
    ['proxy.test:3128', "'proxy.test:3128' has no scheme", 'include the scheme: http://proxy.test:3128'],
    [
      new URL('wss://alice:secret@proxy.test'),
      'wss://proxy.test/ has the unsupported scheme "wss"',
      'use http://',
    ],
    ['http://alice:secret%@proxy.test', 'http://proxy.test/ has an invalid percent sequence', '%25'],
  ]
  for (const [proxy, cause, fix] of wrong) {
    it(`reports a mistake without credentials: ${cause}`, () => {
      const mistakes = validateOptions({ url, proxy } as ConnectionOptions, 'Feed', [])
      expect(mistakes).to.have.length(1)
      expect(mistakes[0]?.place).to.equal('options.proxy')
      expect(mistakes[0]?.cause).to.contain(cause)
      expect(mistakes[0]?.fix).to.contain(fix)
      expect(JSON.stringify(mistakes)).to.not.match(/alice|secret/)
    })
  }
})

describe('checkEnvironment', () => {
  it('reports an unusable proxy in the environment with the name of its variable, but only if it is used', async () => {
    await withProxyVariables(
      { HTTPS_PROXY: 'http://alice:secret%@proxy.test', NO_PROXY: '.internal' },
      () => {
        const mistakes = validateOptions({ url, proxy: 'environment' }, 'Feed', [])
        expect(mistakes).to.deep.equal([
          {
            place: 'environment variable HTTPS_PROXY',
            cause: 'http://proxy.test/ has an invalid percent sequence in the username or password',
            fix: 'encode a percent sign as %25',
          },
        ])
        expect(checkEnvironment({ url: () => url, proxy: 'environment' })).to.have.length(1)
        for (const unused of [
          { url },
          { url, proxy: false },
          { url, proxy: PROXY },
          { url: 'ws://feed.example.com', proxy: 'environment' },
          { url: 'wss://feed.internal', proxy: 'environment' },
          { url: 'not a URL', proxy: 'environment' },
        ] as const)
          expect(checkEnvironment(unused)).to.deep.equal([])
      },
    )
  })
})

describe('socketAtStart', () => {
  it('contains the proxy if it is known before the first attempt', async () => {
    expect(socketAtStart({ url })).to.equal(undefined)
    expect(socketAtStart({ url, proxy: PROXY })).to.deep.equal({ proxy: PROXY })
    expect(socketAtStart({ url, proxy: new URL(PROXY) })).to.deep.equal({ proxy: `${PROXY}/` })
    expect(socketAtStart({ url, proxy: false })).to.equal(undefined)
    expect(socketAtStart({ url, proxy: () => PROXY })).to.equal(undefined)
    await withProxyVariables({}, () =>
      expect(socketAtStart({ url, proxy: 'environment' })).to.equal(undefined),
    )
    await withProxyVariables({ HTTPS_PROXY: PROXY }, () =>
      expect(socketAtStart({ url, proxy: 'environment' })).to.deep.equal({ proxy: PROXY }),
    )
  })
})
