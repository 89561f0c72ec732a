import { expect } from 'chai'
import { inspect } from 'node:util'
import { ConnectOptionError, InvalidUrlError } from 'holdfast'
import type { AttemptInfo, ConnectionOptions, TransportRequest } from 'holdfast'
import { resolveRequest } from '#src/attempt/attempt-options.js'
import { fillIn } from '#src/options/fill-in.js'

const URL_TEXT = 'wss://peer.test/feed?token=secret'
const ATTEMPT: AttemptInfo = { attempt: 1, isReconnect: false, signal: new AbortController().signal }

/** Returns the request of one attempt, with a valid URL by default. */
function ask(options: ConnectionOptions = {}, attempt: AttemptInfo = ATTEMPT): Promise<TransportRequest> {
  return resolveRequest(fillIn(options, options.url ?? URL_TEXT), attempt)
}

/** Returns the error of an attempt that must fail. */
async function refusal(options: ConnectionOptions): Promise<Error> {
  try {
    await ask(options)
  } catch (error) {
    return error as Error
  }
  return expect.fail('it was not refused')
}

describe('resolveRequest', () => {
  it('uses the given values, and the limits from the settings', async () => {
    const headers = { authorization: 'Bearer x' }
    const limits = { maxPayload: 1, maxFragments: 2, compression: true, closeTimeout: 3 }
    expect(await ask({ headers, protocols: ['v2', 'v1'], ...limits })).to.deep.equal({
      url: URL_TEXT,
      headers,
      protocols: ['v2', 'v1'],
      socket: undefined,
      ...limits,
    })
  })

  it('has no headers or subprotocols by default', async () => {
    expect(await ask()).to.deep.include({ headers: {}, protocols: [], maxPayload: 33_554_432 })
  })

  it('accepts a URL object', async () => {
    expect(await ask({ url: new URL('ws://peer.test/a b') })).to.have.property('url', 'ws://peer.test/a%20b')
  })

  it('accepts a single subprotocol', async () => {
    expect((await ask({ protocols: 'v1' })).protocols).to.deep.equal(['v1'])
  })

  it('omits a header whose value is undefined', async () => {
    const headers = { a: '1', b: undefined }
    expect((await ask({ headers })).headers).to.deep.equal({ a: '1' })
  })

  it('keeps several values of one header apart', async () => {
    const headers = { 'x-a': ['1', '2'] }
    expect((await ask({ headers: () => headers })).headers).to.deep.equal(headers)
  })

  it('adds origin and userAgent to the headers, but a header wins, however it is spelled', async () => {
    const options = { origin: 'https://app.test', userAgent: 'app/1' }
    expect((await ask(options)).headers).to.deep.equal({
      Origin: 'https://app.test',
      'User-Agent': 'app/1',
    })
    const headers = { ORIGIN: 'https://mine.test', 'user-agent': undefined, a: '1' }
    expect((await ask({ ...options, headers })).headers).to.deep.equal({
      ORIGIN: 'https://mine.test',
      a: '1',
      'User-Agent': 'app/1',
    })
  })

  it('accepts an offer of subprotocols, also from a function, and says whether one is required', async () => {
    for (const wrap of [
      <T>(value: T) => value,
      <T>(value: T) =>
        () =>
          Promise.resolve(value),
    ]) {
      const optional = await ask({ protocols: wrap({ offer: ['v2', 'v1'], required: false }) })
      expect(optional).to.deep.include({ protocols: ['v2', 'v1'], isProtocolRequired: false })
      const required = await ask({ protocols: wrap({ offer: 'v1' }) })
      expect(required).to.deep.include({ protocols: ['v1'], isProtocolRequired: true })
    }
  })

  it("passes the attempt's details to each function, and awaits its result", async () => {
    const asked: AttemptInfo[] = []
    const provide =
      <T>(value: T) =>
      (attempt: AttemptInfo): Promise<T> => {
        asked.push(attempt)
        return Promise.resolve(value)
      }
    const request = await ask({
      url: provide(new URL('ws://later.test')),
      headers: provide({ a: 'fresh' }),
      protocols: provide('v1'),
    })
    expect(request).to.deep.include({ url: 'ws://later.test/', headers: { a: 'fresh' }, protocols: ['v1'] })
    expect(asked).to.deep.equal([ATTEMPT, ATTEMPT, ATTEMPT])
  })

  it('calls the functions at the same time', async () => {
    let open = 0
    const together = (): Promise<never> => {
      open += 1
      return new Promise(() => {})
    }
    void ask({ url: together, headers: together, protocols: together })
    await Promise.resolve()
    expect(open).to.equal(3)
  })

  it('calls the functions again for each attempt, and accumulates nothing (B33)', async () => {
    const url = ({ attempt }: AttemptInfo): string => `${URL_TEXT}&attempt=${attempt}`
    for (const attempt of [1, 2, 3, 4, 5]) {
      const request = await ask({ url }, { ...ATTEMPT, attempt })
      expect(request.url).to.equal(`${URL_TEXT}&attempt=${attempt}`)
    }
  })

  for (const option of ['url', 'headers', 'protocols'] as const) {
    it(`names the function if ${option} rejects or throws (B12)`, async () => {
      const thrown = new Error('no token')
      const rejected = await refusal({ [option]: () => Promise.reject(thrown) })
      const failed = await refusal({
        [option]: () => {
          throw thrown
        },
      })
      for (const error of [rejected, failed]) {
        expect(error).to.be.instanceOf(ConnectOptionError)
        expect(error).to.include({ option, cause: thrown, isInvalidValue: false })
        expect(error.message).to.equal(`The ${option} function threw: no token`)
      }
    })

    it(`reports an invalid value that ${option} returns as such`, async () => {
      for (const value of [undefined, null, 5]) {
        const error = await refusal({ [option]: () => value as never })
        expect(error).to.be.instanceOf(ConnectOptionError).and.include({ option, isInvalidValue: true })
        expect(error.message).to.match(
          / returned an invalid value: expected .*, received (undefined|null|a n)/,
        )
      }
    })
  }

  const SECRET = 'tok-5d0c'
  const rows: [string, ConnectionOptions, string][] = [
    [
      'a header with a line feed',
      { headers: () => ({ 'x-good': 'a', authorization: `Bearer ${SECRET}\n` }) },
      'The headers function returned an invalid value: headers["authorization"]: the value contains U+000A at position 15,' +
        ' which HTTP does not allow. Remove the trailing line break: value.trim()',
    ],
    [
      'a header name with a space, and a value that is not a string',
      { headers: () => Promise.resolve({ 'x a': SECRET, 'x-b': { SECRET } as never }) },
      'The headers function returned an invalid value: headers["x a"]: invalid header name (RFC 9110, section 5.1).' +
        ' Use letters, digits, and hyphens; no spaces or colons. headers["x-b"]: expected a string, received a plain object.' +
        ' Use a string, an array of strings, or undefined to omit the header',
    ],
    [
      'a subprotocol with a slash',
      { protocols: () => ['v1', `${SECRET}/`] },
      'The protocols function returned an invalid value: protocols[1]: invalid subprotocol name' +
        ' (RFC 6455, section 4.1). Use letters, digits, and -._~ only; no spaces, commas, or slashes',
    ],
    [
      'a duplicate subprotocol',
      { protocols: () => [SECRET, SECRET] },
      'The protocols function returned an invalid value: protocols[1]: duplicate subprotocol. Remove the duplicate',
    ],
  ]
  for (const [title, options, message] of rows) {
    it(`rejects ${title}, and does not show the value`, async () => {
      const error = await refusal(options)
      expect(error).to.be.instanceOf(ConnectOptionError).with.property('isInvalidValue', true)
      expect(error.message).to.equal(message)
      expect(inspect(error, { depth: 5 })).not.to.contain(SECRET)
    })
  }

  it('leaves no unhandled rejection if several functions fail (B34)', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error('no token'))
    const error = await refusal({ url: fail, headers: fail, protocols: fail })
    expect(error).to.be.instanceOf(ConnectOptionError)
  })

  it('rejects an invalid URL, and does not show the secrets in it', async () => {
    const error = await refusal({ url: () => 'https://user:secret@peer.test/feed?token=secret' })
    expect(error).to.be.instanceOf(InvalidUrlError)
    expect(error.message).to.equal(
      'Invalid URL: https://peer.test/feed has the unsupported scheme "https". Use wss://',
    )
  })
})
