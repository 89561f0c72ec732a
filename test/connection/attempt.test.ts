import { expect } from 'chai'
import {
  ConnectFailedError,
  ConnectOptionError,
  ConnectTimeoutError,
  ConnectionLostError,
  HandshakeError,
  InvalidUrlError,
} from 'holdfast'
import type { AttemptInfo, ConnectionOptions, Transport, TransportListener, TransportRequest } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { Attempt, resolveRequest } from '#src/connection/attempt.js'
import type { AttemptListener } from '#src/connection/attempt.js'
import type { LinkEnd } from '#src/link/link-closing.js'
import { fillIn } from '#src/options/fill-in.js'
import { Recorder } from '../support/recorder.js'

const URL_TEXT = 'wss://peer.test/feed?token=secret'
const ATTEMPT: AttemptInfo = { attempt: 1, isReconnect: false, signal: new AbortController().signal }

/** Asks for one attempt; the url is right unless given. */
function ask(options: ConnectionOptions = {}, attempt: AttemptInfo = ATTEMPT): Promise<TransportRequest> {
  return resolveRequest(fillIn(options, options.url ?? URL_TEXT), attempt)
}

/** Asks for one attempt that must fail, and returns why it does. */
async function refusal(options: ConnectionOptions): Promise<Error> {
  try {
    await ask(options)
  } catch (error) {
    return error as Error
  }
  return expect.fail('it was not refused')
}

describe('resolveRequest', () => {
  it('takes values as they are, and the limits of the settings', async () => {
    const headers = { authorization: 'Bearer x' }
    const limits = { maxPayload: 1, maxFragments: 2, compression: true, closeTimeout: 3 }
    expect(await ask({ headers, protocols: ['v2', 'v1'], ...limits })).to.deep.equal({
      url: URL_TEXT,
      headers,
      protocols: ['v2', 'v1'],
      ...limits,
    })
  })

  it('asks for nothing that was not given', async () => {
    expect(await ask()).to.deep.include({ headers: {}, protocols: [], maxPayload: 33_554_432 })
  })

  it('takes a URL for its text', async () => {
    expect(await ask({ url: new URL('ws://peer.test/a b') })).to.have.property('url', 'ws://peer.test/a%20b')
  })

  it('takes one subprotocol for a list of one', async () => {
    expect((await ask({ protocols: 'v1' })).protocols).to.deep.equal(['v1'])
  })

  it('leaves out a header whose value is undefined', async () => {
    const headers = { a: '1', b: undefined } as unknown as Record<string, string>
    expect((await ask({ headers })).headers).to.deep.equal({ a: '1' })
  })

  it('asks each function with what is known of the attempt, and waits for its answer', async () => {
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

  it('asks the functions at once, not one after another', async () => {
    let open = 0
    const together = (): Promise<never> => {
      open += 1
      return new Promise(() => {})
    }
    void ask({ url: together, headers: together, protocols: together })
    await Promise.resolve()
    expect(open).to.equal(3)
  })

  it('asks anew for each attempt, and adds nothing to what is there (B33)', async () => {
    const url = ({ attempt }: AttemptInfo): string => `${URL_TEXT}&attempt=${attempt}`
    for (const attempt of [1, 2, 3, 4, 5]) {
      const request = await ask({ url }, { ...ATTEMPT, attempt })
      expect(request.url).to.equal(`${URL_TEXT}&attempt=${attempt}`)
    }
  })

  for (const option of ['url', 'headers', 'protocols'] as const) {
    it(`says which function it was when ${option} rejects, or throws (B12)`, async () => {
      const thrown = new Error('no token')
      const rejected = await refusal({ [option]: () => Promise.reject(thrown) })
      const failed = await refusal({
        [option]: () => {
          throw thrown
        },
      })
      for (const error of [rejected, failed]) {
        expect(error).to.be.instanceOf(ConnectOptionError).and.include({ option, cause: thrown })
        expect(error.message).to.equal(`The ${option} function failed: no token`)
      }
    })

    it(`says so when ${option} gives something that cannot be used`, async () => {
      for (const value of [undefined, null, 5]) {
        const error = await refusal({ [option]: () => value as never })
        expect(error).to.be.instanceOf(ConnectOptionError).with.property('option', option)
        expect(error.message).to.match(/: it gave (undefined|null|a number) instead of /)
      }
    })
  }

  it('leaves no rejection unhandled when several functions fail (B34)', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error('no token'))
    const error = await refusal({ url: fail, headers: fail, protocols: fail })
    expect(error).to.be.instanceOf(ConnectOptionError)
  })

  it('refuses a url that cannot be connected to, and shows nothing secret of it', async () => {
    const error = await refusal({ url: () => 'https://user:secret@peer.test/feed?token=secret' })
    expect(error).to.be.instanceOf(InvalidUrlError)
    expect(error.message).to.equal(
      "The url https://peer.test/feed has the scheme 'https': begin it with 'wss://'",
    )
  })
})

const HANDSHAKE = { protocol: 'v1', headers: {} }
const LOST = { code: 1006, reason: '' }
const FIRST = { isReconnect: false }

/** One attempt on a clock of its own. Its transport does nothing by itself: the test calls its listener. */
function rig(options: ConnectionOptions = {}, refuse?: Error) {
  const clock = new FakeClock()
  const dials: { readonly request: TransportRequest; readonly listener: TransportListener }[] = []
  const opens: unknown[][] = []
  const failures: LinkEnd[] = []
  const transport = { terminations: 0, terminate: () => void (transport.terminations += 1) }
  const connect = (request: TransportRequest, listener: TransportListener): Transport => {
    if (refuse) throw refuse
    dials.push({ request, listener })
    return transport as unknown as Transport
  }
  const listener: AttemptListener = {
    onAttemptOpen: (...open) => void opens.push(open),
    onAttemptFailed: (failed, end) => {
      expect(failed).to.equal(attempt)
      failures.push(end)
    },
  }
  const settings = fillIn({ connectTimeout: 100, clock, ...options }, options.url ?? URL_TEXT)
  const attempt: Attempt = new Attempt(3, settings, listener)
  /** Starts it, and returns what its transport reports to once it has dialed. */
  const dial = async (): Promise<TransportListener> => {
    attempt.start(connect, FIRST)
    await clock.settle()
    expect(dials).to.have.length(1)
    return dials[0]!.listener
  }
  return { attempt, clock, connect, dial, dials, failures, opens, transport }
}

/** An option function that returns when the test says so. */
function later() {
  const calls: AttemptInfo[] = []
  let resolve!: (value: string) => void
  const value = new Promise<string>((done) => (resolve = done))
  const option = (info: AttemptInfo): Promise<string> => {
    calls.push(info)
    return value
  }
  return { calls, option, resolve }
}

describe('Attempt', () => {
  describe('#start', () => {
    it('dials once, with the request that its settings make', async () => {
      const { attempt, clock, dial, dials } = rig({ protocols: 'v1' })
      expect(attempt).to.include({ number: 3, url: undefined })
      await dial()
      await clock.advance(99)
      expect(dials.map(({ request }) => request)).to.deep.equal([await ask({ protocols: 'v1' })])
      expect(attempt.url).to.equal(URL_TEXT)
    })

    it('tells the option functions its number, its facts and its signal', async () => {
      const { calls, option } = later()
      const { attempt, connect } = rig({ url: option })
      const failure = { initiator: 'network', attempt: 2, elapsed: 5, hasBeenOpen: true } as const
      attempt.start(connect, { isReconnect: true, failure })
      expect(calls).to.have.length(1)
      expect(calls[0]).to.deep.include({ attempt: 3, isReconnect: true, failure })
      expect(calls[0]!.signal).to.equal(attempt.signal)
    })

    it('fails if an option function does, without dialing', async () => {
      const { attempt, clock, connect, dials, failures } = rig({ url: () => Promise.reject(new Error('no')) })
      attempt.start(connect, FIRST)
      await clock.settle()
      expect(dials).to.deep.equal([])
      expect(failures).to.have.length(1)
      expect(failures[0]).to.include(LOST)
      expect(failures[0]?.error).to.be.instanceOf(ConnectOptionError)
      expect(clock.timers).to.equal(0)
    })

    const refusals: readonly [Error, new (...args: never[]) => Error][] = [
      [new SyntaxError('bad host'), InvalidUrlError],
      [new HandshakeError(URL_TEXT, 'answered', {}), HandshakeError],
      [new TypeError('no such protocol'), ConnectFailedError],
    ]
    for (const [thrown, expected] of refusals) {
      it(`fails with a ${expected.name} if the transport throws a ${thrown.name}`, async () => {
        const { attempt, clock, connect, failures } = rig({}, thrown)
        attempt.start(connect, FIRST)
        await clock.settle()
        expect(failures).to.have.length(1)
        const { error } = failures[0]!
        expect(error).to.be.instanceOf(expected)
        expect(error === thrown ? thrown : error?.cause).to.equal(thrown)
        if (error !== thrown) expect(error?.message).to.not.contain('secret')
        expect(clock.timers).to.equal(0)
      })
    }
  })

  describe('#onOpen', () => {
    it('reports the transport and the handshake, and ends the deadline', async () => {
      const { attempt, clock, dial, failures, opens, transport } = rig()
      const listener = await dial()
      listener.onOpen(HANDSHAKE)
      expect(opens).to.deep.equal([[attempt, transport, HANDSHAKE]])
      expect(clock.timers).to.equal(0)
      await clock.advance(1_000)
      expect(transport.terminations).to.equal(0)
      expect(failures).to.deep.equal([])
    })

    it('reports one opening only, and no failure after it', async () => {
      const { attempt, dial, failures, opens } = rig()
      const listener = await dial()
      listener.onOpen(HANDSHAKE)
      listener.onOpen(HANDSHAKE)
      listener.onClose(LOST)
      expect(opens).to.have.length(1)
      expect(failures).to.deep.equal([])
      expect(attempt.signal.aborted).to.equal(false)
    })

    it('is ignored after terminate: the failure follows with the end of the transport', async () => {
      const { attempt, dial, failures, opens } = rig()
      const listener = await dial()
      attempt.terminate()
      listener.onOpen(HANDSHAKE)
      listener.onClose(LOST)
      expect(opens).to.deep.equal([])
      expect(failures).to.deep.equal([{ ...LOST, error: undefined }])
    })
  })

  describe('#onClose', () => {
    it('reports the failure once, with the error of the transport, and ends the deadline', async () => {
      const { attempt, clock, dial, failures, opens } = rig()
      const error = new ConnectFailedError('ws://peer.test/', new Error('ECONNREFUSED'))
      const listener = await dial()
      listener.onClose({ ...LOST, error })
      listener.onClose(LOST)
      listener.onOpen(HANDSHAKE)
      expect(failures).to.deep.equal([{ ...LOST, error }])
      expect(opens).to.deep.equal([])
      expect(attempt.signal.reason).to.equal(error)
      expect(clock.timers).to.equal(0)
    })
  })

  describe('the deadline', () => {
    it('terminates the transport, and fails once that has ended', async () => {
      const { clock, dial, failures, transport } = rig()
      const listener = await dial()
      await clock.advance(99)
      expect(transport.terminations).to.equal(0)
      await clock.advance(1)
      expect(transport.terminations).to.equal(1)
      expect(failures).to.deep.equal([])
      listener.onClose({ ...LOST, error: new ConnectFailedError('ws://peer.test/', new Error('hang up')) })
      expect(failures).to.have.length(1)
      expect(failures[0]?.error).to.be.instanceOf(ConnectTimeoutError).with.property('timeout', 100)
      expect(failures[0]?.error?.message).to.equal(
        'wss://peer.test/feed has not finished the opening handshake within connectTimeout (100 ms)',
      )
    })

    it('includes the option functions: their signal aborts, and what they return later dials nothing', async () => {
      const { calls, option, resolve } = later()
      const { attempt, clock, connect, dials, failures } = rig({ url: option })
      attempt.start(connect, FIRST)
      const { signal } = calls[0]!
      await clock.advance(99)
      expect(signal.aborted).to.equal(false)
      await clock.advance(1)
      expect(failures).to.have.length(1)
      const { error } = failures[0]!
      expect(error).to.be.instanceOf(ConnectTimeoutError)
      expect(error?.message).to.contain('The url, headers or protocols function has not answered')
      expect(signal.reason).to.equal(error)
      resolve(URL_TEXT)
      await clock.settle()
      expect(dials).to.deep.equal([])
      expect(failures).to.have.length(1)
    })

    it('does not start again after the option functions', async () => {
      const { option, resolve } = later()
      const { attempt, clock, connect, dials, transport } = rig({ url: option })
      attempt.start(connect, FIRST)
      await clock.advance(60)
      resolve(URL_TEXT)
      await clock.settle()
      expect(dials).to.have.length(1)
      await clock.advance(39)
      expect(transport.terminations).to.equal(0)
      await clock.advance(1)
      expect(transport.terminations).to.equal(1)
    })

    it("gives way to the server's answer, which is the better reason", async () => {
      const { clock, dial, failures } = rig()
      const error = new HandshakeError('wss://peer.test/feed', 'answered with 503', { status: 503 })
      const listener = await dial()
      await clock.advance(100)
      listener.onClose({ ...LOST, error })
      expect(failures).to.deep.equal([{ ...LOST, error }])
    })

    it('does not exist if connectTimeout is Infinity', async () => {
      const { attempt, clock, connect } = rig()
      const settings = { ...fillIn({ clock }, URL_TEXT), connectTimeout: Infinity }
      const ignore = { onAttemptOpen: () => {}, onAttemptFailed: () => {} }
      new Attempt(1, settings, ignore).start(connect, FIRST)
      expect(clock.timers).to.equal(0)
      attempt.start(connect, FIRST)
      expect(clock.timers).to.equal(1)
    })
  })

  describe('#terminate', () => {
    it('fails at once before the dial, which then does not happen', async () => {
      const { attempt, clock, connect, dials, failures } = rig()
      attempt.start(connect, FIRST)
      attempt.terminate()
      expect(failures).to.deep.equal([{ ...LOST, error: undefined }])
      await clock.settle()
      expect(dials).to.deep.equal([])
      expect(failures).to.have.length(1)
      expect(clock.timers).to.equal(0)
    })

    it('terminates the transport after the dial, and fails once that has ended', async () => {
      const { attempt, clock, dial, failures, transport } = rig()
      const listener = await dial()
      attempt.terminate()
      expect(transport.terminations).to.equal(1)
      expect(failures).to.deep.equal([])
      listener.onClose({ code: 1006, reason: '' })
      expect(failures).to.deep.equal([{ ...LOST, error: undefined }])
      expect(clock.timers).to.equal(0)
    })

    it('aborts the signal, with a reason of its own if there is none', () => {
      const { attempt, connect } = rig()
      attempt.start(connect, FIRST)
      const { signal } = attempt
      attempt.terminate()
      expect(signal.aborted).to.equal(true)
      expect(signal.reason).to.be.instanceOf(ConnectionLostError)
    })
  })

  describe('#abandon', () => {
    it('terminates, and marks the failure that follows', async () => {
      const { attempt, dial, failures, transport } = rig()
      const listener = await dial()
      expect(attempt.isAbandoned).to.equal(false)
      attempt.abandon()
      expect(attempt.isAbandoned).to.equal(true)
      expect(transport.terminations).to.equal(1)
      listener.onClose(LOST)
      expect(failures).to.have.length(1)
    })

    it('is marked before the failure is reported, even before the dial', () => {
      const marks: boolean[] = []
      const attempt = new Attempt(1, fillIn({ clock: new FakeClock() }, URL_TEXT), {
        onAttemptOpen: () => {},
        onAttemptFailed: ({ isAbandoned }) => void marks.push(isAbandoned),
      })
      attempt.abandon()
      expect(marks).to.deep.equal([true])
    })
  })

  describe('#deliverTo', () => {
    it('names who receives what the transport reports after the opening', async () => {
      const { attempt, dial, failures } = rig()
      const link = new Recorder()
      const listener = await dial()
      listener.onOpen(HANDSHAKE)
      attempt.deliverTo(link)
      listener.onMessage('text')
      listener.onPing(Buffer.from('1'))
      listener.onPong(Buffer.from('2'))
      listener.onClose(LOST)
      expect(link.events).to.deep.equal(['message', 'ping', 'pong', 'closed'])
      expect(link.messages).to.deep.equal(['text'])
      expect([...link.pings, ...link.pongs].map(String)).to.deep.equal(['1', '2'])
      expect(link.ends).to.deep.equal([LOST])
      expect(failures).to.deep.equal([])
    })
  })
})
