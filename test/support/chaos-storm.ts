import { HandshakeError, HoldfastError, bootstrap } from 'holdfast'
import type { ClientOptions } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import type { MemoryPeer } from 'holdfast/testing'
import { Meddler, Stumble } from './chaos-meddler.js'
import { stormClient } from './chaos-storm-client.js'
import { SeededRandom } from './seeded-random.js'
import { tapped } from './tapped-transport.js'

const URL = 'ws://peer.test/feed'

/** Number of outside events per storm, and the maximum time between two of them in milliseconds. */
const GUSTS = 25
const LONGEST_GUST = 700

const TIMES = {
  connectTimeout: 900,
  onOpenTimeout: 800,
  drainTimeout: 600,
  closeTimeout: 500,
} as const

/** A short-lived connection that is called from within all its callbacks, listeners and option functions. */
export class Storm {
  readonly clock = new FakeClock()
  readonly random: SeededRandom
  readonly meddler: Meddler
  readonly server = new MemoryServer()
  #notes = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.meddler = new Meddler(this.random)
    this.server.onAttempt = (peer) => this.#attempted(peer)
  }

  /** Runs the storm. Throws an error that describes the first violation. */
  async rage(): Promise<void> {
    const { clock, meddler, random } = this
    const Stormy = stormClient(this)
    const starting = bootstrap(Stormy, this.#options())
    meddler.track(
      'bootstrap',
      starting.catch((thrown: unknown) => this.#notStarted(thrown)),
    )
    for (let gust = 0; gust < GUSTS; gust += 1) {
      meddler.meddle('outside', undefined, 0.7)
      this.#gust()
      if (random.chance(0.3)) await Promise.resolve()
      else await clock.advance(random.between(0, LONGEST_GUST))
    }
    await this.#end()
  }

  #notStarted(thrown: unknown): void {
    const isFine = thrown instanceof HoldfastError || thrown instanceof Stumble
    this.meddler.check(isFine, `bootstrap rejected with ${String(thrown)}`)
  }

  // --- the options ------------------------------------------------------------------------------------------------------

  /** Returns an option function that sometimes meddles and sometimes throws. */
  #option<Args extends unknown[], T>(
    name: string,
    answer: (...args: Args) => T,
    mayThrow = true,
  ): (...args: Args) => T {
    return (...args) => {
      this.meddler.meddle(name, undefined, 0.06)
      if (mayThrow && this.random.chance(0.01)) throw new Stumble(name)
      return answer(...args)
    }
  }

  #options(): ClientOptions {
    const { clock, random } = this
    const maxAge = random.chance(0.5) ? random.between(1_000, 3_000) : undefined
    return {
      ...TIMES,
      url: this.#option('url', () => (random.chance(0.5) ? URL : Promise.resolve(URL))),
      headers: this.#option('headers', () => ({})),
      protocols: this.#option('protocols', () => []),
      route: this.#option('route', (message) => (message as { kind?: unknown }).kind),
      unpack: this.#option('unpack', (decoded) => [decoded]),
      concurrency: {
        key: this.#option('key', () => random.pick(['one', 'two'])),
        limit: 3,
        conflate: random.chance(0.5),
      },
      heartbeat: this.#heartbeat(),
      maxAge,
      reconnect: this.#reconnect(),
      requests: this.#requests(),
      outbox: { conflate: this.#option('conflate', () => undefined), limit: 20 },
      codec: {
        encode: this.#option('encode', (message) => JSON.stringify(message)),
        decode: this.#option('decode', (data) => JSON.parse(String(data)) as unknown),
      },
      logger: this.#logger(),
      clock,
      random: random.next,
      transport: this.#transport(),
    }
  }

  #heartbeat(): ClientOptions['heartbeat'] {
    if (this.random.chance(0.3)) return { interval: 800, timeout: 400 }
    return {
      interval: 800,
      timeout: 400,
      message: this.#option('heartbeat.message', () => ({ kind: 'beat' })),
      isReply: this.#option(
        'heartbeat.isReply',
        (message) => (message as { kind?: unknown }).kind === 'beat',
      ),
    }
  }

  #reconnect(): ClientOptions['reconnect'] {
    const { random } = this
    return {
      initialDelay: 100,
      minUptime: 400,
      delays: this.#option('delays', () => random.between(0, 300)),
      shouldReconnect: this.#option('shouldReconnect', () => (random.chance(0.03) ? false : undefined)),
    }
  }

  #requests(): ClientOptions['requests'] {
    return {
      timeout: 900,
      limit: 3,
      nextId: this.#option('nextId', (count) => count),
      idKey: this.#option('idKey', (id) => id),
      replyId: this.#option('replyId', (message) => (message as { id?: unknown }).id),
      result: this.#option('result', (reply) => reply),
      error: this.#option('error', (reply) => (reply as { error?: unknown }).error),
      respond: this.#option('respond', (_incoming, result) => result),
    }
  }

  #logger(): ClientOptions['logger'] {
    const log = this.#option('logger', () => undefined)
    return { debug: log, info: log, warn: log, error: log }
  }

  #transport(): ClientOptions['transport'] {
    const idle = (): void => undefined
    const handedOver = (data: string): void => this.meddler.settle(data, 'written')
    return tapped(this.server.connect, () => {
      const open = this.server.peers.filter((peer) => !peer.isEnded).length
      this.meddler.check(open < 2, 'a third socket was opened')
      return { arrived: idle, handedOver, ended: idle }
    })
  }

  // --- the server -------------------------------------------------------------------------------------------------------

  #attempted(peer: MemoryPeer): void {
    peer.onMessage = (data) => this.#got(peer, String(data))
    const luck = this.random.next()
    if (luck < 0.1) peer.refuse()
    else if (luck < 0.15)
      peer.refuse(new HandshakeError(URL, 'is busy', { status: 503, headers: { 'retry-after': '1' } }))
    else if (luck > 0.2) this.#accept(peer)
  }

  #accept(peer: MemoryPeer): void {
    peer.isAlive = this.random.chance(0.9)
    peer.accept()
    if (this.random.chance(0.4)) this.#speak(peer)
    if (this.random.chance(0.08)) this.#leave(peer)
  }

  #got(peer: MemoryPeer, text: string): void {
    const { kind, id, key } = parse(text)
    const luck = this.random.next()
    if (luck < 0.03) this.#leave(peer)
    else if (luck < 0.07) this.#speak(peer)
    else if (luck < 0.3 || !peer.isAlive) return
    else if (kind === 'ask') peer.send(luck < 0.4 ? { id, error: 'no' } : { id, kind: 'answer' })
    else if (kind === 'subscribe') peer.send({ kind: `ack ${String(key)}` })
    else if (kind === 'beat') peer.send({ kind: 'beat' })
    else if (kind === 'bye') peer.close(1000)
  }

  #speak(peer: MemoryPeer): void {
    for (let times = this.random.between(1, 5); times > 0; times -= 1) {
      this.#notes += 1
      peer.send(this.random.chance(0.05) ? 'undecodable' : { kind: 'note', number: this.#notes })
    }
    if (this.random.chance(0.2)) peer.ping()
  }

  #leave(peer: MemoryPeer): void {
    this.meddler.note('the peer leaves')
    if (this.random.chance(0.5)) peer.drop()
    else peer.close(this.random.pick([1000, 1001, 1011, 4000]))
  }

  /** Lets the server do something at random. */
  #gust(): void {
    const peers = this.server.peers.filter((peer) => peer.isOpen)
    if (peers.length === 0) return
    const peer = this.random.pick(peers)
    const luck = this.random.next()
    if (luck < 0.6) this.#speak(peer)
    else if (luck < 0.7) this.#leave(peer)
    else if (luck < 0.75) peer.isAlive = false
    else if (luck < 0.8) peer.isReading = false
    else if (luck < 0.9) peer.read()
  }

  // --- the end ----------------------------------------------------------------------------------------------------------

  /** Closes the connection unless the storm already did, and checks that nothing remains. */
  async #end(): Promise<void> {
    const { clock, meddler, server } = this
    const connection = meddler.injected?.connection
    if (!connection) throw new Error('the client has not started')
    void connection.close()
    await clock.advance(TIMES.closeTimeout)
    meddler.check(
      connection.state.status === 'closed',
      `the state is ${connection.state.status} after close()`,
    )
    meddler.isCalm = true
    // Late handlers settle now.
    await clock.advance(1_500)
    meddler.check(clock.timers === 0, `${clock.timers} timers remain`)
    meddler.check(server.live === 0, 'a socket remains')
    meddler.checkEnd()
    const [first] = meddler.violations
    if (first !== undefined) throw new Error(`${first}\nbefore that:\n${meddler.trace}`)
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}
