import { expect } from 'chai'
import { credentialsOfProxy, findProxyMistake, redactProxy } from '#src/proxy/proxy-url.js'

describe('findProxyMistake', () => {
  const valid = [
    'http://proxy.example.com:3128',
    'https://user:p%40ss@proxy.example.com',
    'socks5://127.0.0.1:1080',
    'socks5h://user:%C3%BC@[::1]:1080',
    'socks://proxy',
    'socks4://proxy',
    'socks4a://proxy',
    `http://:${'x'.repeat(300)}@proxy`,
  ]
  for (const proxy of valid) {
    it(`accepts ${proxy.slice(0, 50)}`, () => expect(findProxyMistake(proxy)).to.equal(undefined))
  }

  const rows: [string, string, string][] = [
    ['', "'' is not an absolute URL", "include scheme and host: 'http://proxy.example.com:3128'"],
    ['proxy.example.com:3128', "'proxy.example.com:3128' has no scheme", 'http://proxy.example.com:3128'],
    ['http://', 'is not an absolute URL', 'include scheme and host'],
    ['socks5:///', 'is not an absolute URL', 'include scheme and host'],
    ['http://proxy:99999', 'has the invalid port 99999', 'use a port from 1 to 65535'],
    [
      'ws://proxy:3128',
      'ws://proxy:3128/ has the unsupported scheme "ws"',
      'use http://, https://, or socks5://',
    ],
    ['ftp://user:secret@proxy', 'ftp://proxy/ has the unsupported scheme "ftp"', 'use http://'],
    [
      'http://user:secret%@proxy',
      'http://proxy/ has an invalid percent sequence',
      'encode a percent sign as %25',
    ],
    ['http://user:secret%zz@proxy', 'has an invalid percent sequence', 'encode a percent sign as %25'],
    ['http://sec%ret@proxy', 'has an invalid percent sequence', 'encode a percent sign as %25'],
    ['socks5://user:secret%ff@proxy', 'has an invalid percent sequence', '%25'],
    [`socks5://secret:${'x'.repeat(256)}@proxy`, 'of more than 255 bytes', 'use shorter credentials'],
    [`socks5://${'%C3%BC'.repeat(128)}@proxy`, 'of more than 255 bytes', 'use shorter credentials'],
    ['user:secret@proxy:3128', "'…' is not an absolute URL", 'include scheme and host'],
    ['http://user:sec#ret@proxy:3128', "'http://…' is not an absolute URL", 'include scheme and host'],
  ]
  for (const [proxy, cause, fix] of rows) {
    it(`reports ${proxy.slice(0, 40)} (${cause}) with a fix, and without credentials`, () => {
      const mistake = findProxyMistake(proxy)
      expect(mistake?.cause).to.contain(cause)
      expect(mistake?.fix).to.contain(fix)
      expect(JSON.stringify(mistake)).to.not.match(/secret|sec%|sec#|user:/)
    })
  }
})

describe('redactProxy', () => {
  it('returns the scheme, host, and port, and the default port if there is none', () => {
    expect(redactProxy('http://user:secret@proxy:3128/x?y')).to.equal('http://proxy:3128')
    expect(redactProxy('http://proxy')).to.equal('http://proxy:80')
    expect(redactProxy('https://secret@proxy')).to.equal('https://proxy:443')
    expect(redactProxy('socks5://user:secret@[::1]')).to.equal('socks5://[::1]:1080')
  })
})

describe('credentialsOfProxy', () => {
  it('decodes percent sequences and characters outside ASCII', () => {
    const expected = { username: 'jörg', password: 'p@ss:ü€' }
    expect(credentialsOfProxy(new URL('http://j%C3%B6rg:p%40ss%3A%C3%BC%E2%82%AC@proxy'))).to.deep.equal(
      expected,
    )
    expect(credentialsOfProxy(new URL('socks5://jörg:p%40ss%3Aü€@proxy'))).to.deep.equal(expected)
  })

  it('is undefined without a username and password', () => {
    expect(credentialsOfProxy(new URL('http://proxy'))).to.equal(undefined)
    expect(credentialsOfProxy(new URL('http://:x@proxy'))).to.deep.equal({ username: '', password: 'x' })
  })
})
