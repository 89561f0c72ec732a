import { bootstrap } from 'holdfast'
import type { Client, ClientOptions, Connection } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { ChaosUser, chaosClient } from '../support/chaos-client.js'
import { ChaosModel } from '../support/chaos-model.js'
import type { Frame } from '../support/chaos-model.js'
import { ChaosServer } from '../support/chaos-server.js'
import { Storm } from '../support/chaos-storm.js'
import { SeededRandom } from '../support/seeded-random.js'
import { tapped } from '../support/tapped-transport.js'

const MINUTES = 200
/** What a failure names can be asked for by itself: CHAOS_SEEDS=7,8. */
const SEEDS = process.env['CHAOS_SEEDS']?.split(',').map(Number) ?? [1, 2, 3, 4, 5, 6]

/** So long it may take, once all goes well, until everything that can be answered is. */
const RECOVERY = 120_000

const OPTIONS = {
  connectTimeout: 5_000,
  onOpenTimeout: 4_000,
  drainTimeout: 3_000,
  closeTimeout: 2_000,
  heartbeat: { interval: 10_000, timeout: 5_000 },
  reconnect: { initialDelay: 500, maxDelay: 8_000, minUptime: 3_000 },
  highWaterMark: 10,
  sendHighWaterMark: 400,
  logger: false,
} as const satisfies ClientOptions

const requests: ClientOptions['requests'] = {
  limit: 4,
  replyId: (message) => ((message as Frame).kind === 'answer' ? (message as Frame).id : undefined),
  error: (reply) => (reply as Frame).error,
}

/** A client in a world where nothing can be relied on, and what has to hold nevertheless. */
class Chaos {
  readonly clock = new FakeClock()
  readonly random: SeededRandom
  readonly model: ChaosModel
  readonly server: ChaosServer
  readonly user: ChaosUser
  readonly #outbox: { limit: number; overflow: 'reject' | 'drop-oldest' | 'drop-newest'; maxAge: number }
  #client: Client | undefined

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    const overflow = (['reject', 'drop-oldest', 'drop-newest'] as const)[seed % 3] ?? 'reject'
    this.#outbox = { limit: 25, overflow, maxAge: this.random.pick([Infinity, 15_000, 4_000]) }
    this.model = new ChaosModel(() => this.clock.now(), this.#outbox.maxAge)
    this.server = new ChaosServer(this.clock, this.random, this.model)
    this.user = new ChaosUser(this)
  }

  get connection(): Connection {
    if (!this.#client) throw new Error('it has not started yet')
    return this.#client.connection
  }

  async start(): Promise<void> {
    const { clock, model, server } = this
    const starting = bootstrap(chaosClient(this, this.user), 'ws://peer.test/feed', {
      ...OPTIONS,
      requests,
      outbox: this.#outbox,
      clock,
      random: this.random.next,
      transport: tapped(
        (request, listener) => {
          const transport = server.memory.connect(request, listener)
          const socket = model.sockets.at(-1)
          if (socket) socket.peer = server.memory.peer
          return transport
        },
        (_request, transport) => this.#tap(model.connecting(transport)),
      ),
    })
    // Three minutes are enough for the first one that goes well.
    await clock.advance(180_000)
    this.#client = await starting
  }

  #tap(socket: ReturnType<ChaosModel['connecting']>) {
    const { model } = this
    return {
      arrived: (data: string) => {
        // A client that is leaving takes no more messages, and what comes after a loss is only for the closing.
        const isTaken = model.open?.socket === socket && !model.open.signal.aborted && this.#takes()
        if (data.startsWith('undecodable')) {
          model.arrivedUndecodable(socket)
          return
        }
        const { kind, number = 0 } = JSON.parse(data) as Frame
        if (kind !== 'note') socket.others += 1
        else if (isTaken) model.arrived(socket, number)
      },
      handedOver: (data: string) => model.handedOver(socket, JSON.parse(data) as Frame),
      ended: () => {
        model.note(`ended ${socket.number}`)
        socket.isEnded = true
      },
    }
  }

  #takes(): boolean {
    // Before bootstrap has resolved there is no client to ask.
    return !this.#client || !/^clos/.test(this.connection.state.status)
  }

  // --- what happens -----------------------------------------------------------------------------------------------------

  act(): void {
    const { connection, random, server, user } = this
    const luck = random.between(1, 100)
    if (luck <= 35) for (let times = random.between(1, 4); times > 0; times -= 1) user.send(connection)
    else if (luck <= 45)
      for (let times = random.between(1, 4); times > 0; times -= 1) void user.ask(connection, false)
    else if (luck <= 55) void user.ask(connection, true)
    else if (luck <= 75) server.speak()
    else if (luck <= 80) server.drop()
    else if (luck <= 84) server.close()
    else if (luck <= 88) server.stall(false)
    else if (luck <= 91) server.stall(true)
    else if (luck <= 93) server.restart()
    else if (luck <= 98) this.#reconnect()
    else this.#burst()
  }

  #reconnect(): void {
    this.model.note('reconnect')
    this.connection.reconnect()
  }

  /** More than the outbox holds. */
  #burst(): void {
    for (let times = 0; times < 30; times += 1) this.user.send(this.connection)
  }

  async rage(): Promise<void> {
    const { clock, random } = this
    const end = clock.now() + MINUTES * 60_000
    while (clock.now() < end) {
      for (let times = random.between(1, 3); times > 0; times -= 1) {
        this.act()
        if (random.chance(0.3)) await Promise.resolve()
      }
      if (random.chance(0.002)) await clock.jump(random.between(1_000, 120_000))
      else await clock.advance(random.chance(0.1) ? random.between(5_000, 20_000) : random.between(0, 4_000))
      this.check()
    }
  }

  // --- what must hold ---------------------------------------------------------------------------------------------------

  check(): void {
    const { connection, model } = this
    const { status } = connection.state
    const socket = /^open/.test(status) ? model.sockets.at(-1) : undefined
    model.checkNow(connection.bufferedAmount - (socket?.transport().bufferedAmount ?? 0))
    this.#fail()
  }

  #fail(): void {
    const [first] = this.model.violations
    if (first === undefined) return
    throw new Error(`${first}\nbefore that:\n${this.model.trace}`)
  }

  /** Lets all go well for a while: then everything that was accepted has come through. */
  async recover(): Promise<void> {
    const { clock, connection, model, server } = this
    server.calm()
    await clock.advance(RECOVERY)
    this.check()
    model.check(connection.state.status === 'open', `the connection is ${connection.state.status} in the end`)
    model.check(model.pendingBytes === 0, 'the outbox is not empty in the end')
    for (const number of model.asked.keys()) model.check(false, `request ${number} is stuck`)
  }

  /** Loses the connection, and leaves something to be sent and to be answered. */
  cut(): void {
    this.server.restart()
    for (let times = 0; times < 5; times += 1) this.user.send(this.connection)
    void this.user.ask(this.connection, true)
    void this.user.ask(this.connection, false)
  }

  async close(): Promise<void> {
    const { clock, connection, model, server, user } = this
    model.note('close')
    model.isClosing = true
    const closing = connection.close()
    const deadline = clock.now() + OPTIONS.closeTimeout
    await clock.settle()
    while (connection.state.status !== 'closed' && clock.now() < deadline) await clock.advance(50)
    model.check(connection.state.status === 'closed', 'close() takes longer than closeTimeout')
    server.stop()
    model.check(clock.timers === 0, `${clock.timers} timers are left`)
    model.check(server.memory.live === 0, 'a socket is left open')
    await closing
    await clock.settle()
    model.check(user.waiting === 0, `${user.waiting} sends still wait for flow control`)
    model.checkEnd()
    this.#fail()
  }
}

describe('A connection in chaos', function () {
  this.timeout(60_000)

  for (const seed of SEEDS) {
    const inTheEnd = seed % 2 ? 'once all is calm' : 'in the middle of it'
    it(`keeps all promises for ${MINUTES} minutes, and when closed ${inTheEnd} (seed ${seed})`, async () => {
      const chaos = new Chaos(seed)
      try {
        await chaos.start()
        await chaos.rage()
        if (seed % 2) await chaos.recover()
        else chaos.cut()
        await chaos.close()
      } catch (thrown) {
        throw new Error(`seed ${seed}: ${(thrown as Error).message}`, { cause: thrown })
      }
    })
  }
})

/** How many storms there are, and from which seed on: STORMS=20000, STORM_SEED=7. */
const STORMS = Number(process.env['STORMS'] ?? 800)
const STORM_SEED = Number(process.env['STORM_SEED'] ?? 1)

describe('A connection that is called from everywhere', function () {
  this.timeout(3_600_000)

  it('settles all that it was asked, pairs @OnOpen with @OnClose, and leaves nothing', async () => {
    let calls = 0
    for (let seed = STORM_SEED; seed < STORM_SEED + STORMS; seed += 1) {
      const storm = new Storm(seed)
      try {
        await storm.rage()
      } catch (thrown) {
        throw new Error(`STORM_SEED=${seed}: ${(thrown as Error).message}`, { cause: thrown })
      }
      calls += storm.meddler.calls
    }
    console.log(`      ${STORMS} storms, ${calls} calls`)
  })
})
