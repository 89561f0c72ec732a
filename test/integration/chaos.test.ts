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
/** Seeds to run. To repeat a failure, set CHAOS_SEEDS=7,8. */
const SEEDS = process.env['CHAOS_SEEDS']?.split(',').map(Number) ?? [1, 2, 3, 4, 5, 6]

/** Maximum time in milliseconds until everything has been answered, once the server is calm. */
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

/** A client in an unreliable world, and the checks of what must hold anyway. */
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
    if (!this.#client) throw new Error('the client has not started yet')
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
    // Three minutes are enough for a first successful attempt.
    await clock.advance(180_000)
    this.#client = await starting
  }

  #tap(socket: ReturnType<ChaosModel['connecting']>) {
    const { model } = this
    return {
      arrived: (data: string) => {
        // A closing client accepts no messages. Data that arrives after a loss serves only the closing handshake.
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
    // There is no client to check until bootstrap has resolved.
    return !this.#client || !/^clos/.test(this.connection.state.status)
  }

  // --- events -----------------------------------------------------------------------------------------------------------

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

  /** Sends more messages than the outbox can hold. */
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

  // --- checks -----------------------------------------------------------------------------------------------------------

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

  /** Calms the server for a while, and checks that everything accepted has been delivered. */
  async recover(): Promise<void> {
    const { clock, connection, model, server } = this
    server.calm()
    await clock.advance(RECOVERY)
    this.check()
    model.check(connection.state.status === 'open', `the connection is ${connection.state.status} at the end`)
    model.check(model.pendingBytes === 0, 'the outbox is not empty at the end')
    for (const number of model.asked.keys()) model.check(false, `request ${number} is stuck`)
  }

  /** Loses the connection while messages are queued and requests are pending. */
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
    model.check(connection.state.status === 'closed', 'close() took longer than closeTimeout')
    server.stop()
    model.check(clock.timers === 0, `${clock.timers} timers remain`)
    model.check(server.memory.live === 0, 'a socket is still open')
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
    const inTheEnd = seed % 2 ? 'after the chaos' : 'in the middle of it'
    it(`keeps all its guarantees for ${MINUTES} minutes, including when it is closed ${inTheEnd} (seed ${seed})`, async () => {
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

/** Number of storms and the first seed. Set them with STORMS=20000 and STORM_SEED=7. */
const STORMS = Number(process.env['STORMS'] ?? 800)
const STORM_SEED = Number(process.env['STORM_SEED'] ?? 1)

describe('A connection that is called from within all callbacks', function () {
  this.timeout(3_600_000)

  it('settles every promise, calls @OnClose once for each @OnOpen, and leaves nothing behind', async () => {
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
