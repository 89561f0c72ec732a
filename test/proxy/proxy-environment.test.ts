import { expect } from 'chai'
import { environmentProxy, unusedProxy } from '#src/proxy/proxy-environment.js'
import { withProxyVariables } from '../support/environment.js'

const FEED = 'wss://feed.example.com:8443/v1'
const PROXY = 'http://user:secret@proxy.example.com:3128'
const OTHER = 'http://other.example.com:3128'

describe('environmentProxy', () => {
  const ORDERS: [string, string[]][] = [
    [FEED, ['wss_proxy', 'WSS_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']],
    [
      'ws://feed.example.com/',
      ['ws_proxy', 'WS_PROXY', 'http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'],
    ],
  ]
  for (const [url, names] of ORDERS) {
    for (const [index, name] of names.entries()) {
      it(`prefers ${name} to the variables after it for ${url}`, async () => {
        const rest = Object.fromEntries(names.slice(index + 1).map((each) => [each, OTHER]))
        await withProxyVariables({ ...rest, [name]: PROXY }, () => {
          expect(environmentProxy(url)).to.deep.equal({ variable: name, proxy: PROXY })
        })
      })
    }
  }

  it('ignores the variables of the other scheme', async () => {
    await withProxyVariables({ HTTP_PROXY: PROXY, WS_PROXY: PROXY }, () => {
      expect(environmentProxy(FEED)).to.equal(undefined)
    })
    await withProxyVariables({ HTTPS_PROXY: PROXY, WSS_PROXY: PROXY }, () => {
      expect(environmentProxy('ws://feed.example.com')).to.equal(undefined)
    })
  })

  it('ignores empty variables, and URLs of Unix sockets', async () => {
    await withProxyVariables({ HTTPS_PROXY: '' }, () => expect(environmentProxy(FEED)).to.equal(undefined))
    await withProxyVariables({ ALL_PROXY: PROXY }, () =>
      expect(environmentProxy('ws+unix:///run/app.sock')).to.equal(undefined),
    )
  })

  it('adds the scheme http to a proxy without one, as curl does', async () => {
    await withProxyVariables({ HTTPS_PROXY: 'proxy.example.com:3128' }, () =>
      expect(environmentProxy(FEED)?.proxy).to.equal('http://proxy.example.com:3128'),
    )
  })

  const COVERING = ['*', 'feed.example.com', '.example.com', 'a.test, *.example.com', 'feed.example.com:8443']
  for (const name of ['NO_PROXY', 'no_proxy']) {
    for (const covering of COVERING) {
      for (const variable of ['WSS_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']) {
        it(`finds no proxy if ${variable} is set and ${name} is ${covering}`, async () => {
          await withProxyVariables({ [variable]: PROXY, [name]: covering }, () =>
            expect(environmentProxy(FEED)).to.equal(undefined),
          )
        })
      }
    }
  }

  for (const other of ['ample.com,localhost', 'feed.example.com:443', 'example.com']) {
    it(`finds a proxy if NO_PROXY is ${other}`, async () => {
      await withProxyVariables({ HTTPS_PROXY: PROXY, NO_PROXY: other }, () =>
        expect(environmentProxy(FEED)?.proxy).to.equal(PROXY),
      )
    })
  }

  it('compares the default port of the scheme with NO_PROXY', async () => {
    for (const [url, port] of [
      ['wss://feed.example.com', 443],
      ['ws://feed.example.com', 80],
    ] as const) {
      await withProxyVariables({ ALL_PROXY: PROXY, NO_PROXY: `feed.example.com:${port}` }, () =>
        expect(environmentProxy(url)).to.equal(undefined),
      )
    }
  })
})

describe('unusedProxy', () => {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']) {
    it(`names ${name} without its value, and how to use it`, async () => {
      await withProxyVariables({ [name]: PROXY }, () =>
        expect(unusedProxy(FEED)).to.equal(
          `. ${name} is set, but was not used. To connect through that proxy, use proxy: 'environment'`,
        ),
      )
    })
  }

  it('names a variable that applies only to the other scheme', async () => {
    await withProxyVariables({ HTTP_PROXY: PROXY }, () =>
      expect(unusedProxy(FEED)).to.equal('. HTTP_PROXY is set, but was not used: it applies only to ws://'),
    )
    await withProxyVariables({ https_proxy: PROXY }, () =>
      expect(unusedProxy('ws://feed.example.com')).to.equal(
        '. https_proxy is set, but was not used: it applies only to wss://',
      ),
    )
  })

  it('is empty if no variable is set, or if NO_PROXY covers the host', async () => {
    await withProxyVariables({}, () => expect(unusedProxy(FEED)).to.equal(''))
    await withProxyVariables({ HTTPS_PROXY: PROXY, NO_PROXY: '.example.com' }, () =>
      expect(unusedProxy(FEED)).to.equal(''),
    )
    await withProxyVariables({ ALL_PROXY: PROXY }, () => expect(unusedProxy('ws+unix:///a')).to.equal(''))
  })
})
