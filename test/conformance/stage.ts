import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { TransportEnd, TransportListener } from 'holdfast'
import { turn } from '../support/eventually.js'
import { CLOSE, PONG, startRawServer, upgradeAnswer } from '../support/raw-server.js'
import type { RawConnection, RawServer } from '../support/raw-server.js'
import { aBinary, aClose, aPing, aPong, aText, lastPingOf } from './case.js'
import type { Scheme } from '../support/roads.js'
import type { ConformanceCase, Limits, Outcome } from './case.js'
import type { ReceivingClient } from './clients.js'
import type { Delivery } from './deliveries.js'
import { close } from './wire.js'

/** Maximum wait for a fact to become true, in milliseconds. */
const PATIENCE = 5_000
const LIMITS: Limits = { maxPayload: 32 * 1024 * 1024, maxFragments: 16_384 }
const CHANNEL = 'http.client.request.start'

class Stuck extends Error {}

async function until(fact: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Stuck(fact)
    await turn()
  }
}

/** Records the events of a client, in words. */
class Listener implements TransportListener {
  readonly delivered: string[] = []
  end: TransportEnd | undefined
  isOpen = false
  onOpened: () => void = () => undefined
  onDelivered: () => void = () => undefined

  onOpen(): undefined {
    this.isOpen = true
    this.onOpened()
  }

  onMessage(data: string | Uint8Array): void {
    this.#deliver(typeof data === 'string' ? aText(data) : aBinary(data))
  }

  onPing(data: Uint8Array): void {
    this.#deliver(aPing(data))
  }

  onPong(data: Uint8Array): void {
    this.#deliver(aPong(data))
  }

  onClose(end: TransportEnd): void {
    if (this.end) this.delivered.push('a second end')
    this.end = end
  }

  #deliver(what: string): void {
    this.delivered.push(this.end ? `after the end: ${what}` : what)
    this.onDelivered()
  }
}

/** A server that plays cases to clients in the same process. */
export class Stage implements AsyncDisposable {
  readonly #server: RawServer
  readonly #connections: ReadonlyMap<string, RawConnection>
  /** The clients' sockets, by the path of their request. Each returns the bytes that it has read from the server. */
  readonly #clientSockets = new Map<string, () => number>()
  #count = 0

  constructor(server: RawServer, connections: ReadonlyMap<string, RawConnection>) {
    this.#server = server
    this.#connections = connections
    subscribe(CHANNEL, this.#onRequest)
  }

  /** Receives the socket of every request in this process from Node. */
  readonly #onRequest = (message: unknown): void => {
    const { request } = message as { request: ClientRequest }
    const { socket, path } = request
    if (socket) this.#clientSockets.set(path, bytesReadFromNow(socket))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    unsubscribe(CHANNEL, this.#onRequest)
    await this.#server[Symbol.asyncDispose]()
  }

  /** Plays a case to a client, in one way of delivering it. */
  async play(client: ReceivingClient, what: ConformanceCase, delivery: Delivery): Promise<Outcome> {
    const path = `/${(this.#count += 1)}`
    const listener = new Listener()
    const request = { url: this.#server.url + path, protocols: [], headers: {}, closeTimeout: PATIENCE }
    const transport = client.connect({ ...request, ...LIMITS, ...what.limits }, listener)
    if (delivery.manner === 'closing') listener.onOpened = () => transport.close(1000, '')
    if (delivery.manner === 'halting') {
      listener.onDelivered = () => {
        transport.pause()
        setImmediate(() => transport.resume())
      }
    }
    try {
      await until('connected', () => this.#connections.has(path) && this.#clientSockets.has(path))
      const connection = this.#connections.get(path)!
      await write(connection, this.#clientSockets.get(path)!, listener, delivery)
      await finish(connection, listener, what, delivery)
      await until('the end is reported', () => listener.end !== undefined)
      return outcomeOf(connection, listener, what)
    } catch (error) {
      if (!(error instanceof Stuck)) throw error
      const connection = this.#connections.get(path)
      return { ...outcomeOf(connection, listener, what), stuck: error.message }
    } finally {
      transport.terminate()
      this.#clientSockets.delete(path)
    }
  }
}

/** Returns a function that returns the bytes read from now on, without those that a proxy has sent before. */
function bytesReadFromNow(socket: Socket): () => number {
  const { bytesRead } = socket
  return () => socket.bytesRead - bytesRead
}

/** Starts a server that plays cases. */
export async function startStage(scheme?: Scheme): Promise<Stage> {
  const connections = new Map<string, RawConnection>()
  const server = await startRawServer((connection) => {
    connections.set(connection.request.split(' ')[1]!, connection)
  }, scheme)
  return new Stage(server, connections)
}

/** Writes chunk by chunk. Each chunk arrives separately, because the next one is written only after the client's socket has read it all. */
async function write(
  { socket, request }: RawConnection,
  bytesRead: () => number,
  listener: Listener,
  { chunks, isEarly = false }: Delivery,
): Promise<void> {
  socket.setNoDelay(true)
  const answer = Buffer.from(upgradeAnswer(request))
  let written = 0
  const writeOne = async (chunk: Uint8Array): Promise<void> => {
    written += chunk.length
    if (chunk.length > 0) socket.write(chunk)
    await until('read', () => bytesRead() >= written || listener.end !== undefined)
  }
  await writeOne(isEarly ? Buffer.concat([answer, chunks[0]!]) : answer)
  await until('open', () => listener.isOpen)
  for (const chunk of chunks.slice(isEarly ? 1 : 0)) {
    // A client that has failed the connection hangs up.
    if (!socket.writable) return
    await writeOne(chunk)
  }
}

/** Does what the server does after the case's bytes. */
async function finish(
  connection: RawConnection,
  listener: Listener,
  { ending, expected: { answered } }: ConformanceCase,
  { manner }: Delivery,
): Promise<void> {
  const isAnswered = (): boolean => pongsOf(connection).at(-1) === answered
  if (ending === 'close') {
    if (answered !== undefined && manner !== 'closing') {
      await until('answered', () => isAnswered() || listener.end !== undefined)
    }
    connection.socket.write(close(1000))
  } else if (ending === 'end') connection.socket.end()
}

/** Returns the client's answers, in the words for the pings. */
function pongsOf(connection: RawConnection | undefined): string[] {
  const frames = connection?.frames() ?? []
  return frames.filter(({ opcode }) => opcode === PONG).map(({ payload }) => aPing(payload))
}

function outcomeOf(
  connection: RawConnection | undefined,
  { delivered, end }: Listener,
  { ending }: ConformanceCase,
): Outcome {
  const pongs = pongsOf(connection)
  const answers = isWithin(pongs, delivered)
    ? pongs.at(-1)
    : `not the pings that were sent: ${pongs.join(', ')}`
  const hasToAnswer = ending === 'close' && answers === lastPingOf(delivered)
  return {
    delivered,
    // In other cases, it depends on the client which pings it could still answer.
    answered: hasToAnswer || !isWithin(pongs, delivered) ? answers : undefined,
    sent: sentBy(connection, end?.sentCode),
    received: end ? aClose(end.code, end.reason) : 'no end',
    violation: violationOf(end?.error),
  }
}

/** Returns whether all of `these` occur in `all`, in this order. */
function isWithin(these: readonly string[], all: readonly string[]): boolean {
  let at = 0
  for (const each of all) if (each === these[at]) at += 1
  return at === these.length
}

/** Returns what the client sent in addition to pongs; `claimed` is the code that it reports to have sent, if any. */
function sentBy(connection: RawConnection | undefined, claimed: number | undefined): string {
  const others = (connection?.frames() ?? []).filter(({ opcode }) => opcode !== PONG)
  const words = others.map(({ opcode, payload }) => {
    if (opcode !== CLOSE) return `a frame of opcode ${opcode}`
    return payload.length < 2
      ? aClose(undefined)
      : aClose(payload.readUInt16BE(0), payload.toString('utf8', 2))
  })
  const sent = words.join(', ') || 'nothing'
  return claimed === undefined || sent === aClose(claimed) ? sent : `${sent}, but it reports ${claimed}`
}

/** Returns the name that `ws` gives to the error, wherever the client keeps it. */
function violationOf(error: (Error & { code?: string }) | undefined): string | undefined {
  const causes = [error, error?.cause as typeof error]
  const found = causes.find((each) => each?.code?.startsWith('WS_ERR_'))
  return found?.code ?? error?.message
}
