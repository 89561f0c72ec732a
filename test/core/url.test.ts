import { expect } from 'chai'
import { findUrlMistake, redactUrl, showUrl } from '#src/core/url.js'

describe('redactUrl', () => {
  it('keeps the origin and the path, and drops the credentials, the query, and the fragment', () => {
    expect(redactUrl('wss://user:secret@peer.test:8443/feed/v1?token=secret#secret')).to.equal(
      'wss://peer.test:8443/feed/v1',
    )
  })

  it('does not show any part of a text that is not a URL', () => {
    expect(redactUrl('secret')).to.equal('(not a URL)')
  })
})

describe('redactUrl', () => {
  it('shows only the scheme if a URL has no host', () => {
    expect(redactUrl('user:secret@peer.test/feed')).to.equal('user:…')
  })
})

describe('showUrl', () => {
  const rows: [string, string][] = [
    ['https://user:secret@peer.test/feed?token=secret', 'https://peer.test/feed'],
    ['peer.test/feed?token=secret#secret', "'peer.test/feed'"],
    ['localhost:8080/feed?token=secret', "'localhost:8080/feed'"],
    ['wss://peer.test:99999/feed?token=secret', "'wss://peer.test:99999/feed'"],
    ['wss://user:secret@peer.test:99999/feed', "'wss://…'"],
    ['wss://user:sec?ret@peer.test', "'wss://…'"],
    ['user:secret@peer.test', "'…'"],
    ['', "''"],
  ]
  for (const [text, shown] of rows) {
    it(`shows ${shown} of '${text}'`, () => {
      expect(showUrl(text)).to.equal(shown)
    })
  }
})

describe('findUrlMistake', () => {
  for (const url of [
    'ws://peer.test',
    'wss://user:pass@peer.test/feed?a=%23',
    'ws+unix:///run/my%20peer.sock:/feed?a=1',
  ]) {
    it(`accepts ${url}`, () => {
      expect(findUrlMistake(url)).to.equal(undefined)
    })
  }

  const rows: [string, string, string][] = [
    ['', 'is not an absolute URL', "'wss://example.com/feed'"],
    ['peer.test/feed', 'is not an absolute URL', "'wss://example.com/feed'"],
    ['//peer.test', 'is not an absolute URL', "'wss://example.com/feed'"],
    ['http://peer.test', 'has the unsupported scheme "http"', 'use ws://'],
    ['https://peer.test', 'has the unsupported scheme "https"', 'use wss://'],
    [
      'ws+unix://run/peer.sock:/feed',
      'contains a host, which a Unix socket does not have',
      'ws+unix:///run/app.sock:/path',
    ],
    ['localhost:8080', 'has no scheme', 'include the scheme: ws://localhost:8080'],
    ['localhost:8080/feed?token=1', 'has no scheme', 'include the scheme: ws://localhost:8080'],
    ['feed.peer.test:443', 'has no scheme', 'include the scheme: wss://feed.peer.test:443'],
    ['user:8080@peer.test', 'is not an absolute URL', "'wss://example.com/feed'"],
    ['wss://peer.test:99999/feed', 'has the invalid port 99999', 'use a port from 1 to 65535'],
    ['wss://[::1]:65536', 'has the invalid port 65536', 'use a port from 1 to 65535'],
    ['wss://user:secret@peer.test:70000', 'has the invalid port 70000', 'use a port from 1 to 65535'],
    ['ws://peer.test:undefined/', 'has the invalid port undefined', 'use a port from 1 to 65535'],
    ['wss://user:99999/secret@peer.test', 'is not an absolute URL', "'wss://example.com/feed'"],
    ['wss://user:99999@peer.test:x', 'is not an absolute URL', "'wss://example.com/feed'"],
    ['ws://peer.test/#top', 'contains a fragment, which RFC 6455 forbids', 'encode it as %23'],
    ['ws://peer.test/#', 'contains a fragment, which RFC 6455 forbids', 'encode it as %23'],
  ]
  for (const [url, cause, fix] of rows) {
    it(`reports '${url}' (${cause}) with a fix`, () => {
      expect(findUrlMistake(url)?.cause).to.equal(cause)
      expect(findUrlMistake(url)?.fix).to.contain(fix)
    })
  }
})
