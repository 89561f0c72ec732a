import { expect } from 'chai'
import { inspect } from 'node:util'
import { ConnectOptionError } from 'holdfast'
import type { CookieJar, TransportRequest } from 'holdfast'
import { keepCookies, withCookies } from '#src/attempt/cookies.js'

const SECRET = 'tok-5d0c'
const URL_TEXT = `wss://user:${SECRET}@peer.test/feed?a=1`

function request(headers: TransportRequest['headers'] = {}): TransportRequest {
  return { url: URL_TEXT, headers, protocols: [], maxPayload: 0, maxFragments: 0, closeTimeout: 1 }
}

function jarWith(get: (url: string) => unknown): CookieJar {
  return { get: get as CookieJar['get'], set: () => undefined }
}

/** Returns the Cookie header of a request. */
async function cookieOf(stored: unknown, headers: TransportRequest['headers'] = {}): Promise<unknown> {
  const { headers: sent } = await withCookies(
    jarWith(() => stored),
    request(headers),
  )
  expect(Object.keys(sent).filter((name) => /^cookie$/i.test(name))).to.have.length.at.most(1)
  return sent['Cookie'] ?? sent['cookie']
}

async function refusal(get: () => unknown): Promise<ConnectOptionError> {
  try {
    await withCookies(jarWith(get), request())
  } catch (error) {
    return error as ConnectOptionError
  }
  return expect.fail('it was not refused')
}

describe('withCookies', () => {
  it('sends the cookies of the jar, which may return them later', async () => {
    expect(await cookieOf('a=1; b=2')).to.equal('a=1; b=2')
    expect(await cookieOf(Promise.resolve('a=1'))).to.equal('a=1')
  })

  it('passes the URL without its credentials to the jar', async () => {
    const urls: string[] = []
    const jar = jarWith((url) => void urls.push(url))
    await withCookies(jar, request())
    await withCookies(jar, { ...request(), url: 'ws+unix:///run/peer.sock:/feed' })
    expect(urls).to.deep.equal(['wss://peer.test/feed?a=1', 'ws+unix:///run/peer.sock:/feed'])
  })

  it('changes nothing if the jar has no cookies', async () => {
    for (const none of [undefined, '']) {
      const given = request({ cookie: 'a=1' })
      expect(
        await withCookies(
          jarWith(() => none),
          given,
        ),
      ).to.equal(given)
    }
  })

  it("adds them to the user's own Cookie header, however that is spelled", async () => {
    expect(await cookieOf('b=2', { Cookie: 'a=1' })).to.equal('a=1; b=2')
    expect(await cookieOf('b=2', { cookie: 'a=1;' })).to.equal('a=1; b=2')
    expect(await cookieOf('b=2; c=3', { COOKIE: ['x=8', 'y=9'] })).to.equal('x=8; y=9; b=2; c=3')
  })

  it("prefers a cookie in the user's own header to one with the same name", async () => {
    expect(await cookieOf('a=old; b=2; b=3', { cookie: 'a=mine' })).to.equal('a=mine; b=2; b=3')
  })

  it('keeps the other headers', async () => {
    const { headers } = await withCookies(
      jarWith(() => 'a=1'),
      request({ 'X-A': ['1', '2'] }),
    )
    expect(headers).to.deep.equal({ 'X-A': ['1', '2'], Cookie: 'a=1' })
  })

  it('fails with a retryable error if the jar throws or rejects', async () => {
    const thrown = new Error('no disk')
    const fail = (): never => {
      throw thrown
    }
    for (const get of [fail, () => Promise.reject(thrown)]) {
      const error = await refusal(get)
      expect(error).to.be.instanceOf(ConnectOptionError).and.to.include({ option: 'cookies', cause: thrown })
      expect(error).to.include({
        isInvalidValue: false,
        message: 'The cookies.get function threw: no disk',
      })
    }
  })

  for (const [value, reason] of [
    [5, 'expected a string or undefined, received a number'],
    [[`a=${SECRET}`], 'expected a string or undefined, received an array'],
    [
      `a=${SECRET}\r\nX-Injected: 1`,
      'the value contains U+000D at position 10, which HTTP does not allow. Remove line breaks and control characters;' +
        ' encode characters outside Latin-1',
    ],
  ] as const) {
    it(`fails with a fatal error that does not show ${JSON.stringify(value)}, which cannot be sent`, async () => {
      const error = await refusal(() => value)
      expect(error).to.include({ option: 'cookies', isInvalidValue: true })
      expect(error.message).to.equal(`The cookies.get function returned an invalid value: ${reason}`)
      expect(inspect(error, { depth: 5 })).to.not.contain(SECRET)
    })
  }
})

describe('keepCookies', () => {
  const errors: Error[] = []
  const report = (error: Error): void => void errors.push(error)
  beforeEach(() => errors.splice(0))

  /** Keeps the cookies of an answer. Returns the calls of the jar. */
  function keep(headers: Readonly<Record<string, string | string[] | undefined>>): unknown[][] {
    const calls: unknown[][] = []
    const jar: CookieJar = { get: () => '', set: (...call) => void calls.push(call) }
    void keepCookies(jar, URL_TEXT, headers, report)
    return calls
  }

  it('passes all cookies of an answer to the jar, with the URL without its credentials', () => {
    const url = 'wss://peer.test/feed?a=1'
    expect(keep({ 'set-cookie': ['a=1; Path=/', 'b=2'] })).to.deep.equal([[url, ['a=1; Path=/', 'b=2']]])
    expect(keep({ 'set-cookie': 'a=1' })).to.deep.equal([[url, ['a=1']]])
  })

  it('does not call the jar if there are none', () => {
    expect(keep({})).to.deep.equal([])
    expect(keep({ 'set-cookie': [] })).to.deep.equal([])
  })

  it('reports the error if the jar throws or rejects', async () => {
    const thrown = new Error('no disk')
    const fail = (): never => {
      throw thrown
    }
    const headers = { 'set-cookie': ['a=1'] }
    expect(keepCookies({ get: () => '', set: fail }, URL_TEXT, headers, report)).to.equal(undefined)
    expect(errors).to.deep.equal([thrown])
    await keepCookies({ get: () => '', set: () => Promise.reject(thrown) }, URL_TEXT, headers, report)
    expect(errors).to.deep.equal([thrown, thrown])
  })
})
