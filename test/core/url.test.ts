import { expect } from 'chai'
import { redactUrl, findUrlMistake } from '#src/core/url.js'

describe('redactUrl', () => {
  it('keeps origin and path, and drops credentials, query and fragment', () => {
    expect(redactUrl('wss://user:secret@peer.test:8443/feed/v1?token=secret#secret')).to.equal(
      'wss://peer.test:8443/feed/v1',
    )
  })

  it('shows nothing of what is no url', () => {
    expect(redactUrl('secret')).to.equal('(not a url)')
  })
})

describe('findUrlMistake', () => {
  for (const url of ['ws://peer.test', 'wss://user:pass@peer.test/feed?a=%23', 'ws+unix:///run/peer.sock']) {
    it(`finds none with ${url}`, () => {
      expect(findUrlMistake(url)).to.equal(undefined)
    })
  }

  const rows: [string, string, string][] = [
    ['', 'is not an absolute url', "'wss://example.com/feed'"],
    ['peer.test/feed', 'is not an absolute url', "'wss://example.com/feed'"],
    ['//peer.test', 'is not an absolute url', "'wss://example.com/feed'"],
    ['http://peer.test', "has the scheme 'http'", "begin it with 'ws://'"],
    ['https://peer.test', "has the scheme 'https'", "begin it with 'wss://'"],
    ['localhost:8080', "has the scheme 'localhost'", "begin it with 'ws://'"],
    ['ws://peer.test/#top', 'has a fragment (#…), which RFC 6455 forbids', 'write it as %23'],
    ['ws://peer.test/#', 'has a fragment (#…), which RFC 6455 forbids', 'write it as %23'],
  ]
  for (const [url, cause, fix] of rows) {
    it(`says that '${url}' ${cause}, and what to write instead`, () => {
      expect(findUrlMistake(url)?.cause).to.equal(cause)
      expect(findUrlMistake(url)?.fix).to.contain(fix)
    })
  }
})
