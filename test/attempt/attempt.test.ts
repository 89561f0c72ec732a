import { expect } from 'chai'
import {
  ConnectFailedError,
  ConnectOptionError,
  ConnectTimeoutError,
  ConnectionLostError,
  createConnectLimiter,
  HandshakeError,
  InvalidUrlError,
} from 'holdfast'
import type { AttemptInfo, ConnectionOptions, Transport, TransportListener, TransportRequest } from 'holdfast'
import { jsonCodec } from 'holdfast/codecs'
import { FakeClock } from 'holdfast/testing'
import { Attempt } from '#src/attempt/attempt.js'
import type { AttemptListener } from '#src/attempt/attempt.js'
import type { LinkEnd } from '#src/link/link-closing.js'
import { DEFAULTS, fillIn } from '#src/options/fill-in.js'
import { Recorder } from '../support/recorder.js'

const URL_TEXT = 'wss://peer.test/feed?token=secret'
const HANDSHAKE = { protocol: 'v1', headers: {} }
const LOST = { code: 1006, reason: '' }
const FIRST = { isReconnect: false }

/** One attempt with a fake clock. Its transport does nothing by itself; the test calls its listener. */
function rig(options: ConnectionOptions = {}, refuse?: Error) {
  const clock = new FakeClock()
  const dials: { readonly request: TransportRequest; readonly listener: TransportListener }[] = []
  const opens: unknown[][] = []
  /** Receives the events of the open transport. */
  const link = new Recorder()
  const failures: LinkEnd[] = []
  const starts = { count: 0 }
  const transport = { terminations: 0, terminate: () => void (transport.terminations += 1) }
  const connect = (request: TransportRequest, listener: TransportListener): Transport => {
    if (refuse) throw refuse
    dials.push({ request, listener })
    return transport as unknown as Transport
  }
  const reports: unknown[][] = []
  const listener: AttemptListener = {
    report: (...report) => void reports.push(report),
    onAttemptStart: () => void (starts.count += 1),
    onAttemptOpen: (...open) => {
      opens.push(open)
      return link
    },
    onAttemptFailed: (failed, end) => {
      expect(failed).to.equal(attempt)
      failures.push(end)
    },
  }
  const settings = fillIn({ connectTimeout: 100, clock, ...options }, options.url ?? URL_TEXT)
  const attempt: Attempt = new Attempt(7, 3, connect, settings, listener)
  /** Starts the attempt, and returns the listener of its transport once it has dialed. */
  const dial = async (): Promise<TransportListener> => {
    attempt.start(FIRST)
    await clock.settle()
    expect(dials).to.have.length(1)
    return dials[0]!.listener
  }
  return { attempt, clock, connect, dial, dials, failures, link, opens, reports, starts, transport }
}

/** An option function that returns when the test decides. */
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
    it('dials once, using the request from its settings', async () => {
      const { attempt, clock, dial, dials } = rig({ protocols: 'v1' })
      expect(attempt.number).to.equal(3)
      expect(attempt.dialing.url).to.equal(undefined)
      await dial()
      await clock.advance(99)
      const [{ request } = expect.fail('it has not dialed')] = dials
      expect(request).to.include({ url: URL_TEXT, maxPayload: DEFAULTS.maxPayload })
      expect(request.protocols).to.deep.equal(['v1'])
      expect(attempt.dialing.url).to.equal(URL_TEXT)
    })

    it('passes its number, its details, and its signal to the option functions', async () => {
      const { calls, option } = later()
      const { attempt } = rig({ url: option })
      const failure = { initiator: 'network', attempt: 2, elapsed: 5, hasBeenOpen: true } as const
      attempt.start({ isReconnect: true, failure })
      expect(calls).to.have.length(1)
      expect(calls[0]).to.deep.include({ attempt: 3, isReconnect: true, failure })
      expect(calls[0]!.signal).to.equal(attempt.signal)
    })

    it('fails without dialing if an option function fails', async () => {
      const { attempt, clock, dials, failures } = rig({ url: () => Promise.reject(new Error('no')) })
      attempt.start(FIRST)
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
        const { attempt, clock, failures } = rig({}, thrown)
        attempt.start(FIRST)
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
    it('reports the transport and the handshake, and stops the deadline', async () => {
      const { attempt, clock, dial, failures, opens, transport } = rig()
      const listener = await dial()
      listener.onOpen(HANDSHAKE)
      expect(opens).to.deep.equal([[attempt, transport, HANDSHAKE, jsonCodec]])
      expect(clock.timers).to.equal(0)
      await clock.advance(1_000)
      expect(transport.terminations).to.equal(0)
      expect(failures).to.deep.equal([])
    })

    it('does not report an opening if the codec function abandons the attempt', async () => {
      const { attempt, dial, failures, opens, transport }: ReturnType<typeof rig> = rig({
        codec: () => {
          attempt.cut()
          return jsonCodec
        },
      })
      const listener = await dial()
      listener.onOpen(HANDSHAKE)
      expect(opens).to.deep.equal([])
      expect(failures).to.deep.equal([])
      expect(transport.terminations).to.equal(1)
    })

    it('fails once the transport has ended if the codec function throws', async () => {
      const { clock, dial, failures, opens, transport } = rig({
        codec: () => {
          throw new RangeError('odd')
        },
      })
      const listener = await dial()
      listener.onOpen(HANDSHAKE)
      expect([opens.length, failures.length, transport.terminations]).to.deep.equal([0, 0, 1])
      listener.onClose(LOST)
      expect(failures[0]?.error).to.be.instanceOf(ConnectOptionError).and.to.include({ option: 'codec' })
      expect(clock.timers).to.equal(0)
    })

    it('reports only one opening, and no failure after that', async () => {
      const { attempt, dial, failures, opens } = rig()
      const listener = await dial()
      listener.onOpen(HANDSHAKE)
      listener.onOpen(HANDSHAKE)
      listener.onClose(LOST)
      expect(opens).to.have.length(1)
      expect(failures).to.deep.equal([])
      expect(attempt.signal.aborted).to.equal(false)
    })

    it('is ignored after the deadline, and the attempt fails once the transport has ended', async () => {
      const { clock, dial, failures, opens } = rig()
      const listener = await dial()
      await clock.advance(100)
      listener.onOpen(HANDSHAKE)
      listener.onClose(LOST)
      expect(opens).to.deep.equal([])
      expect(failures[0]?.error).to.be.instanceOf(ConnectTimeoutError)
    })
  })

  describe('#onClose', () => {
    it("reports the failure once with the transport's error, and stops the deadline", async () => {
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

  describe('a redirect', () => {
    const redirect = (location: string, cookies?: string[]): HandshakeError =>
      new HandshakeError('wss://peer.test/feed', 'moved', {
        status: 302,
        headers: { location, 'set-cookie': cookies },
      })

    it('is not followed by default', async () => {
      const { dial, dials, failures } = rig()
      const error = redirect('/v2')
      ;(await dial()).onClose({ ...LOST, error })
      expect(failures).to.deep.equal([{ ...LOST, error }])
      expect(dials).to.have.length(1)
    })

    it('leads to another request of the same attempt, whose URL is then the URL of the attempt', async () => {
      const { attempt, clock, dial, dials, failures, opens } = rig({ followRedirects: true })
      ;(await dial()).onClose({ ...LOST, error: redirect('/v2') })
      expect(dials.map(({ request }) => request.url)).to.deep.equal([URL_TEXT, 'wss://peer.test/v2'])
      expect(attempt.dialing.url).to.equal('wss://peer.test/v2')
      dials[1]!.listener.onOpen(HANDSHAKE)
      expect(opens).to.have.length(1)
      expect(failures).to.deep.equal([])
      expect(clock.timers).to.equal(0)
    })

    it('does not restart the deadline', async () => {
      const { clock, dial, dials, failures, transport } = rig({ followRedirects: true })
      const listener = await dial()
      await clock.advance(60)
      listener.onClose({ ...LOST, error: redirect('/v2') })
      await clock.advance(39)
      expect(transport.terminations).to.equal(0)
      await clock.advance(1)
      expect(transport.terminations).to.equal(1)
      dials[1]!.listener.onClose(LOST)
      expect(failures[0]?.error?.message).to.equal(
        'Connection attempt to wss://peer.test/v2 timed out after 100 ms (connectTimeout)',
      )
    })

    it('ends with the deadline while the jar is called for its request', async () => {
      let calls = 0
      const get = (): Promise<string> | string => ((calls += 1) === 1 ? '' : new Promise(() => {}))
      const { clock, dial, failures } = rig({ followRedirects: true, cookies: { get, set: () => undefined } })
      ;(await dial()).onClose({ ...LOST, error: redirect('/v2') })
      await clock.advance(100)
      expect(failures[0]?.error).to.be.instanceOf(ConnectTimeoutError)
    })

    it('is not followed once the attempt has been abandoned', async () => {
      const late = rig({ followRedirects: true })
      const listener = await late.dial()
      await late.clock.advance(100)
      listener.onClose({ ...LOST, error: redirect('/v2') })
      const canceled = rig({ followRedirects: true })
      const other = await canceled.dial()
      canceled.attempt.cut()
      other.onClose({ ...LOST, error: redirect('/v2') })
      expect([late.dials.length, late.failures.length]).to.deep.equal([1, 1])
      expect([canceled.dials.length, canceled.failures.length]).to.deep.equal([1, 0])
    })

    it('fails the attempt with the reason if it must not be followed', async () => {
      const { clock, dial, dials, failures } = rig({ followRedirects: true })
      ;(await dial()).onClose({ ...LOST, error: redirect('ws://peer.test/') })
      expect(dials).to.have.length(1)
      expect(failures).to.have.length(1)
      expect(failures[0]).to.include(LOST)
      expect(failures[0]?.error?.message).to.contain('never follows a redirect from wss to ws')
      expect(clock.timers).to.equal(0)
    })

    it('fails the attempt if it leads back to a request that was sent', async () => {
      const { dial, dials, failures } = rig({ followRedirects: true })
      ;(await dial()).onClose({ ...LOST, error: redirect(URL_TEXT) })
      expect(dials).to.have.length(1)
      expect(failures[0]?.error?.message).to.contain('redirects in a loop, back to wss://peer.test/feed')
    })

    it('is ignored if it comes from a proxy, as are its cookies', async () => {
      const jar: string[] = []
      const cookies = { get: () => '', set: (url: string) => void jar.push(url) }
      const { dial, dials, failures } = rig({ followRedirects: true, cookies })
      const error = Object.assign(redirect('/v2', ['a=1']), { proxy: 'http://proxy.test' })
      ;(await dial()).onClose({ ...LOST, error })
      expect([dials.length, failures[0]?.error, jar]).to.deep.equal([1, error, []])
    })

    it('waits until the jar has kept its cookies, and asks the jar again, with the new URL', async () => {
      let finish = (): void => undefined
      const calls: string[] = []
      const cookies = {
        get: (url: string) => {
          calls.push(`get ${url}`)
          return `n=${calls.length}`
        },
        set: (url: string, setCookie: string[]) => {
          calls.push(`set ${url} ${setCookie.join()}`)
          return new Promise<void>((done) => (finish = done))
        },
      }
      const options = { followRedirects: true, cookies, url: 'wss://user:pass@peer.test/feed' }
      const { clock, dial, dials } = rig({ ...options, headers: { cookie: 'own=1' } })
      ;(await dial()).onClose({ ...LOST, error: redirect('/v2', ['a=1', 'b=2']) })
      await clock.settle()
      expect(dials).to.have.length(1)
      finish()
      await clock.settle()
      expect(dials.map(({ request }) => request.headers)).to.deep.equal([
        { Cookie: 'own=1; n=1' },
        { Cookie: 'own=1; n=3' },
      ])
      expect(calls).to.deep.equal([
        'get wss://peer.test/feed',
        'set wss://peer.test/feed a=1,b=2',
        'get wss://peer.test/v2',
      ])
    })
  })

  describe('cookies', () => {
    const COOKIES = { ...HANDSHAKE, headers: { 'set-cookie': ['a=1'] } }

    it('are kept before the opening is reported, which does not wait for the jar', async () => {
      const kept: number[] = []
      const cookies = {
        get: () => undefined,
        set: () => {
          kept.push(opens.length)
          return new Promise<void>(() => {})
        },
      }
      const { dial, opens }: ReturnType<typeof rig> = rig({ cookies })
      ;(await dial()).onOpen(COOKIES)
      expect(kept).to.deep.equal([0])
      expect(opens).to.have.length(1)
    })

    it('are kept from a rejection, too', async () => {
      const kept: string[] = []
      const cookies = { get: () => '', set: (url: string, all: string[]) => void kept.push(url, ...all) }
      const { dial, failures } = rig({ cookies })
      const { headers } = COOKIES
      const error = new HandshakeError('wss://peer.test/feed', 'no', { status: 401, headers })
      ;(await dial()).onClose({ ...LOST, error })
      expect(kept).to.deep.equal([URL_TEXT, 'a=1'])
      expect(failures).to.deep.equal([{ ...LOST, error }])
    })

    it('do not fail the attempt if the jar cannot keep them, which is reported', async () => {
      const thrown = new Error('no disk')
      const cookies = { get: () => '', set: () => Promise.reject(thrown) }
      const { clock, dial, failures, opens, reports } = rig({ cookies })
      ;(await dial()).onOpen(COOKIES)
      await clock.settle()
      expect(reports).to.deep.equal([[thrown, 'connect', 'the cookies may be lost']])
      expect([opens.length, failures.length]).to.deep.equal([1, 0])
    })

    it('fail the attempt without dialing if the jar throws', async () => {
      const cookies = { get: () => Promise.reject(new Error('no disk')), set: () => undefined }
      const { attempt, clock, dials, failures } = rig({ cookies })
      attempt.start(FIRST)
      await clock.settle()
      expect(dials).to.deep.equal([])
      expect(failures[0]?.error).to.be.instanceOf(ConnectOptionError).with.property('option', 'cookies')
      expect(clock.timers).to.equal(0)
    })

    it('are part of the deadline, even if the jar never returns', async () => {
      const cookies = { get: () => new Promise<string>(() => {}), set: () => undefined }
      const { attempt, clock, failures } = rig({ cookies })
      attempt.start(FIRST)
      await clock.advance(100)
      expect(failures[0]?.error).to.be.instanceOf(ConnectTimeoutError)
      expect(failures[0]?.error?.message).to.contain('an option function is still pending')
    })

    it('do not open the link if the jar abandons the attempt', async () => {
      const cookies = { get: () => '', set: () => attempt.cut() }
      const { attempt, dial, opens }: ReturnType<typeof rig> = rig({ cookies })
      ;(await dial()).onOpen(COOKIES)
      expect(opens).to.deep.equal([])
    })
  })

  describe('the deadline', () => {
    it('terminates the transport, and makes the attempt fail once the transport has ended', async () => {
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
        'Connection attempt to wss://peer.test/feed timed out after 100 ms (connectTimeout)',
      )
    })

    it('covers the option functions: it aborts their signal and ignores their later results', async () => {
      const { calls, option, resolve } = later()
      const { attempt, clock, dials, failures } = rig({ url: option })
      attempt.start(FIRST)
      const { signal } = calls[0]!
      await clock.advance(99)
      expect(signal.aborted).to.equal(false)
      await clock.advance(1)
      expect(failures).to.have.length(1)
      const { error } = failures[0]!
      expect(error).to.be.instanceOf(ConnectTimeoutError)
      expect(error?.message).to.contain('an option function is still pending')
      expect(signal.reason).to.equal(error)
      resolve(URL_TEXT)
      await clock.settle()
      expect(dials).to.deep.equal([])
      expect(failures).to.have.length(1)
    })

    it('does not restart after the option functions', async () => {
      const { option, resolve } = later()
      const { attempt, clock, dials, transport } = rig({ url: option })
      attempt.start(FIRST)
      await clock.advance(60)
      resolve(URL_TEXT)
      await clock.settle()
      expect(dials).to.have.length(1)
      await clock.advance(39)
      expect(transport.terminations).to.equal(0)
      await clock.advance(1)
      expect(transport.terminations).to.equal(1)
    })

    it('is not the reported reason if the server has sent a response, which explains more', async () => {
      const { clock, dial, failures } = rig()
      const error = new HandshakeError('wss://peer.test/feed', 'answered with 503', { status: 503 })
      const listener = await dial()
      await clock.advance(100)
      listener.onClose({ ...LOST, error })
      expect(failures).to.deep.equal([{ ...LOST, error }])
    })

    it('begins when the connect limiter lets the attempt start, as does the spacing of the next attempt', async () => {
      const connectLimiter = createConnectLimiter({ attempts: 1, per: 1_000 })
      const first = rig({ connectLimiter })
      const { clock } = first
      const { attempt, dials, failures, starts } = rig({ connectLimiter, clock })
      first.attempt.start(FIRST)
      attempt.start(FIRST)
      expect(attempt.limiterDelay).to.equal(1_000)
      await clock.advance(999)
      expect([first.starts.count, starts.count, dials.length]).to.deep.equal([0, 0, 0])
      await clock.advance(1)
      expect([first.starts.count, starts.count, dials.length]).to.deep.equal([0, 1, 1])
      expect(attempt.limiterDelay).to.equal(0)
      await clock.advance(99)
      expect(failures).to.deep.equal([])
      dials[0]?.listener.onClose(LOST)
      expect(failures).to.have.length(1)
    })

    it('does not exist if connectTimeout is Infinity', async () => {
      const { attempt, clock, connect } = rig()
      const settings = { ...fillIn({ clock }, URL_TEXT), connectTimeout: Infinity }
      const ignore = {
        report: () => undefined,
        onAttemptStart: () => undefined,
        onAttemptOpen: () => new Recorder(),
        onAttemptFailed: () => {},
      }
      new Attempt(1, 1, connect, settings, ignore).start(FIRST)
      expect(clock.timers).to.equal(0)
      attempt.start(FIRST)
      expect(clock.timers).to.equal(1)
    })
  })

  describe('#cut', () => {
    it('keeps the attempt from dialing, and reports nothing', async () => {
      const { attempt, clock, dials, failures } = rig()
      attempt.start(FIRST)
      attempt.cut()
      await clock.settle()
      expect(dials).to.deep.equal([])
      expect(failures).to.deep.equal([])
      expect(clock.timers).to.equal(0)
    })

    it('keeps the attempt from dialing even if an option function calls it', async () => {
      const { attempt, clock, dials, failures } = rig({
        url: () => {
          attempt.cut()
          return URL_TEXT
        },
      })
      attempt.start(FIRST)
      await clock.settle()
      expect(dials).to.deep.equal([])
      expect(failures).to.deep.equal([])
    })

    it('terminates the transport after dialing, and reports neither its end nor its opening', async () => {
      const { attempt, clock, dial, failures, opens, transport } = rig()
      const listener = await dial()
      attempt.cut()
      attempt.cut()
      expect(transport.terminations).to.equal(1)
      listener.onOpen(HANDSHAKE)
      listener.onClose(LOST)
      expect(opens).to.deep.equal([])
      expect(failures).to.deep.equal([])
      expect(clock.timers).to.equal(0)
    })

    it('aborts the signal', () => {
      const { attempt } = rig()
      attempt.start(FIRST)
      const { signal } = attempt
      attempt.cut()
      expect(signal.reason).to.be.instanceOf(ConnectionLostError)
    })

    it('has no effect once the attempt has failed', async () => {
      const { attempt, dial, failures, transport } = rig()
      const listener = await dial()
      listener.onClose(LOST)
      attempt.cut()
      expect(transport.terminations).to.equal(0)
      expect(failures).to.have.length(1)
    })
  })

  describe('#onOpen', () => {
    it('returns the listener for all later transport events', async () => {
      const { dial, link } = rig()
      const listener = await dial()
      expect(listener.onOpen(HANDSHAKE)).to.equal(link)
    })

    it('forwards events if the transport still reports to the attempt', async () => {
      const { dial, failures, link } = rig()
      const listener = await dial()
      listener.onOpen(HANDSHAKE)
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

    it('forwards no events before the opening', async () => {
      const { dial, link } = rig()
      const listener = await dial()
      listener.onMessage('text')
      listener.onPing(Buffer.from('1'))
      listener.onPong(Buffer.from('2'))
      expect(link.events).to.deep.equal([])
    })
  })
})
