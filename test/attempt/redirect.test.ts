import { expect } from 'chai'
import { Agent } from 'node:https'
import { HandshakeError } from 'holdfast'
import type { TransportRequest } from 'holdfast'
import { redactUrl } from '#src/core/url.js'
import { Redirects } from '#src/attempt/redirect.js'

const SECRET = 'tok-5d0c'
const HEADERS = { Authorization: `Bearer ${SECRET}`, Cookie: `session=${SECRET}`, 'X-Api-Key': SECRET }

/** Everything that a user can set for a request, with a secret in each part. */
function request(url: string): TransportRequest {
  return {
    url,
    headers: { ...HEADERS, Origin: 'https://app.test', 'User-Agent': 'app/1' },
    protocols: ['v1', `token.${SECRET}`],
    isProtocolRequired: true,
    maxPayload: 1,
    maxFragments: 2,
    closeTimeout: 3,
  }
}

function answer(url: string, location: string | string[] | undefined, status = 302): HandshakeError {
  return new HandshakeError(redactUrl(url), 'rejected', { status, headers: { location }, body: 'moved' })
}

/** Follows one redirect. */
function follow(url: string, location: string, given = request(url)): TransportRequest {
  const next = new Redirects(10).next(given, answer(url, location))
  if (!next || next instanceof HandshakeError) throw next ?? new Error('not followed')
  return next
}

/** Returns the message of the error for a redirect that is not followed. */
function refusal(url: string, location: string | string[] | undefined): string {
  const given = answer(url, location)
  const next = new Redirects(10).next(request(url), given)
  expect(next).to.be.instanceOf(HandshakeError)
  const error = next as HandshakeError
  expect(error).to.include({ status: 302, body: 'moved', url: given.url, headers: given.headers })
  expect(`${error.message} ${JSON.stringify(error)}`).to.not.contain(SECRET)
  return error.message
}

const AT = 'wss://peer.test/feed'

describe('Redirects', () => {
  describe('#next', () => {
    for (const status of [301, 302, 303, 307, 308]) {
      it(`follows a ${status}`, () => {
        const next = new Redirects(1).next(request(AT), answer(AT, '/v2', status))
        expect(next).to.have.property('url', 'wss://peer.test/v2')
      })
    }

    for (const status of [101, 200, 300, 304, 305, 306, 401, 503, undefined]) {
      it(`ignores a Location with ${status ?? 'no status'}`, () => {
        const given = new HandshakeError(AT, '', { status, headers: { location: '/v2' } })
        expect(new Redirects(1).next(request(AT), given)).to.equal(undefined)
      })
    }

    for (const [location, url] of [
      ['/v2?a=1', 'wss://peer.test/v2?a=1'],
      ['v2', 'wss://peer.test/api/v2'],
      ['../v2', 'wss://peer.test/v2'],
      ['?a=1', 'wss://peer.test/api/feed?a=1'],
      ['//other.test/v2', 'wss://other.test/v2'],
      ['https://peer.test/v2', 'wss://peer.test/v2'],
      ['https://peer.test:443/v2', 'wss://peer.test/v2'],
      ['wss://other.test:8443', 'wss://other.test:8443/'],
      ['/v2#part', 'wss://peer.test/v2'],
    ] as const) {
      it(`resolves ${location} to ${url}`, () => {
        expect(follow('wss://peer.test/api/feed', location).url).to.equal(url)
      })
    }

    it('maps http to ws, and follows it to wss', () => {
      expect(follow('ws://peer.test/a', 'http://peer.test/b').url).to.equal('ws://peer.test/b')
      expect(follow('ws://peer.test/a', 'https://peer.test/b').url).to.equal('wss://peer.test/b')
    })

    it('keeps everything for the same origin, even the credentials of the URL', () => {
      const url = 'wss://user:p%40ss@peer.test/feed'
      for (const location of ['/v2', 'https://peer.test/v2', 'wss://peer.test:443/v2']) {
        expect(follow(url, location)).to.deep.equal(request('wss://user:p%40ss@peer.test/v2'))
      }
    })

    it('uses the credentials in the Location, if it has any', () => {
      expect(follow('wss://user:pass@peer.test/', '//guest:word@peer.test/v2').url).to.equal(
        'wss://guest:word@peer.test/v2',
      )
    })

    for (const [from, to] of [
      ['wss://peer.test/', 'https://other.test/'],
      ['wss://peer.test/', 'https://sub.peer.test/'],
      ['wss://peer.test/', 'https://peer.test:8443/'],
      ['ws://peer.test/', 'https://peer.test/'],
      ['ws://peer.test/', 'wss://peer.test:80/'],
    ] as const) {
      it(`passes no header, credential, or subprotocol from ${from} to ${to}`, () => {
        const url = from.replace('//', `//user:${SECRET}@`)
        const next = follow(url, to)
        expect(next).to.deep.include({
          url: new URL(to.replace('http', 'ws')).href,
          headers: {},
          protocols: [],
        })
        expect(next).to.include({ maxPayload: 1, maxFragments: 2, closeTimeout: 3 })
        expect(JSON.stringify(next)).to.not.contain(SECRET)
      })
    }

    it('passes only the options of the socket that keep it secure to another origin', () => {
      const checkServerIdentity = (): undefined => undefined
      const own = { cert: SECRET, key: SECRET, pfx: SECRET, passphrase: SECRET, servername: 'peer.test' }
      const safe = { ca: 'ca', rejectUnauthorized: true, minVersion: 'TLSv1.3' as const, checkServerIdentity }
      const socket = {
        ...{ socketPath: '/run/peer.sock', createConnection: () => undefined },
        ...{ family: 4 as const, proxy: 'http://proxy.test' },
        tls: { ...own, ...safe },
      }
      const given = { ...request(AT), socket }
      expect(follow(AT, '/v2', given).socket).to.equal(socket)
      expect(follow(AT, '//other.test', given).socket).to.deep.equal({
        ...{ family: 4 as const, proxy: 'http://proxy.test' },
        tls: safe,
      })
      const plain = { ...given, socket: { proxy: 'http://proxy.test' } }
      expect(follow(AT, '//other.test', plain).socket).to.deep.equal(plain.socket)
    })

    it('does not take an agent with a client certificate to another origin', () => {
      const target = 'wss://other.test/v2'
      for (const own of [
        { cert: SECRET, key: SECRET },
        { pfx: SECRET, passphrase: SECRET },
      ]) {
        const given = { ...request(AT), socket: { agent: new Agent(own) } }
        expect(follow(AT, '/v2', given).socket).to.equal(given.socket)
        const next = new Redirects(10).next(given, answer(AT, `${target}?token=${SECRET}`))
        expect(next).to.be.instanceOf(HandshakeError)
        expect((next as HandshakeError).message).to.equal(
          `Server rejected the handshake with HTTP 302: ${AT}. The server redirects to ${target}, which is another origin, but the agent has a` +
            ' client certificate, which must not go there. Use the final URL, or set tls instead of the agent',
        )
      }
      // Without it, an attempt could bypass a proxy.
      const socket = { agent: new Agent({ ca: 'ca' }) }
      expect(follow(AT, target, { ...request(AT), socket }).socket).to.deep.equal(socket)
    })

    it('does not follow more redirects than allowed', () => {
      const redirects = new Redirects(2)
      for (const path of ['/1', '/2'])
        expect(redirects.next(request(AT), answer(AT, path))).to.have.property('url')
      const third = redirects.next(request(AT), answer(AT, `/3?token=${SECRET}`))
      expect(third).to.be.instanceOf(HandshakeError)
      expect((third as HandshakeError).message).to.equal(
        'Server rejected the handshake with HTTP 302: wss://peer.test/feed. The server redirects to wss://peer.test/3,' +
          ' but followRedirects allows only 2 redirects per attempt. Use the final URL, or raise followRedirects',
      )
      const only = new Redirects(1)
      only.next(request(AT), answer(AT, '/1'))
      expect((only.next(request(AT), answer(AT, '/2')) as HandshakeError).message).to.contain(
        'allows only 1 redirect per attempt',
      )
    })

    const start = 'Server rejected the handshake with HTTP 302: wss://peer.test/feed. '
    for (const [title, location, why] of [
      ['a downgrade to http', `http://u:${SECRET}@peer.test/v2?token=${SECRET}`, 'http'],
      ['a downgrade to ws', `ws://peer.test/v2?token=${SECRET}`, 'ws'],
    ] as const) {
      it(`does not follow ${title}`, () => {
        expect(refusal(`${AT}?token=${SECRET}`, location), why).to.equal(
          `${start}The server redirects to ws://peer.test/v2, but Holdfast never follows a redirect from wss to ws.` +
            ' Use the final URL if it is safe to use without TLS',
        )
      })
    }

    it('does not follow a redirect without a Location', () => {
      for (const location of [undefined, '', [AT, AT]]) {
        expect(refusal(AT, location)).to.equal(
          `${start}The server redirects without naming a URL (Location). Check the path`,
        )
      }
    })

    it('does not follow a redirect to a URL that it cannot use', () => {
      expect(refusal(AT, `https://user:${SECRET}@:x/`)).to.equal(
        `${start}The server redirects to an invalid URL (Location). Use the final URL`,
      )
      expect(refusal(AT, `ftp://peer.test/${SECRET}`)).to.equal(
        `${start}The server redirects to a URL with the unsupported scheme "ftp". Use the final URL`,
      )
      expect(refusal(AT, `ws+unix:///run/other.sock:/${SECRET}`)).to.contain(
        'the unsupported scheme "ws+unix"',
      )
    })

    it('does not follow a redirect from a ws+unix URL, whose path is that of a file', () => {
      expect(refusal('ws+unix:///run/peer.sock:/feed', '/run/other.sock')).to.contain(
        'does not follow redirects from a ws+unix URL. Use the final URL',
      )
    })
  })

  describe('#findLoop', () => {
    it('reports a request that has already been sent', () => {
      const redirects = new Redirects(10)
      const first = request(`${AT}?token=${SECRET}`)
      expect(redirects.findLoop(first)).to.equal(undefined)
      const second = redirects.next(first, answer(AT, '/b')) as TransportRequest
      expect(redirects.findLoop(second)).to.equal(undefined)
      const back = redirects.next(second, answer('wss://peer.test/b', first.url, 307)) as TransportRequest
      const error = redirects.findLoop(back)
      expect(error).to.be.instanceOf(HandshakeError).with.property('status', 307)
      expect(error?.message).to.equal(
        'Server rejected the handshake with HTTP 307: wss://peer.test/b. The server redirects in a loop, back to wss://peer.test/feed.' +
          ' Check the URL, and the headers that the server expects',
      )
    })

    it('allows the same URL with other headers, as after a cookie was set', () => {
      const redirects = new Redirects(10)
      redirects.findLoop(request(AT))
      const again = redirects.next(request(AT), answer(AT, AT)) as TransportRequest
      const headers = { ...again.headers, Cookie: 'seen=1' }
      expect(redirects.findLoop({ ...again, headers })).to.equal(undefined)
      expect(redirects.findLoop(again)).to.be.instanceOf(HandshakeError)
    })
  })
})
