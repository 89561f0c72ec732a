import {
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  OnStateChange,
  OutboxFullError,
  WebSocketClient,
} from 'holdfast'
import { DecodeError, MessageDroppedError, Subscriptions, UnprocessedMessagesError } from 'holdfast'
import type {
  CloseInfo,
  Connection,
  ConnectionContext,
  ConnectionState,
  ErrorContext,
  OpenInfo,
} from 'holdfast'
import type { ChaosModel, Frame } from './chaos-model.js'
import type { ChaosServer } from './chaos-server.js'
import type { SeededRandom } from './seeded-random.js'

/** Objects that the handlers and the user of the chaos test share. */
export interface ChaosWorld {
  readonly random: SeededRandom
  readonly model: ChaosModel
  readonly server: ChaosServer
}

/** Thrown by the handlers of this test on purpose. */
class Stumble extends Error {}

/** Errors that are expected in this test, by stage. */
const EXPECTED: Record<string, RegExp> = {
  connect: /^(ConnectFailedError|ConnectTimeoutError|HandshakeError)$/,
  open: /^OnOpenTimeoutError$/,
  heartbeat: /^HeartbeatTimeoutError$/,
  close: /^Error$/,
  send: /^ConnectionLostError$/,
}

/** Uses a connection as users do: sends messages and requests, also from within its handlers. */
export class ChaosUser {
  readonly #world: ChaosWorld
  #sends = 0
  #requests = 0
  /** Number of sends whose flow control promise is pending. */
  waiting = 0

  constructor(world: ChaosWorld) {
    this.#world = world
  }

  send(connection: Connection): void {
    const { model, random } = this.#world
    if (isLeaving(connection)) return
    this.#sends += 1
    const number = this.#sends
    const frame: Frame = { kind: 'send', number }
    const text = JSON.stringify(frame)
    model.note(`send ${number}`)
    model.sending(number, text.length)
    this.waiting += 1
    try {
      const way = random.pick(['text', 'json', 'message'])
      if (way === 'text') void connection.send(text).then(() => (this.waiting -= 1))
      else if (way === 'json') void connection.sendJson(frame).then(() => (this.waiting -= 1))
      else void connection.sendMessage(frame).then(() => (this.waiting -= 1))
    } catch (thrown) {
      this.waiting -= 1
      model.note(`refused send ${number}`)
      model.check(thrown instanceof OutboxFullError, `send ${number} threw ${String(thrown)}`)
      model.settle(number, 'refused')
    }
  }

  /** @param isBound true for the connection of a context, whose requests fail when its link is lost */
  async ask(connection: Connection, isResent: boolean, isBound = false): Promise<void> {
    const { model, random } = this.#world
    if (isLeaving(connection)) return
    this.#requests += 1
    const number = this.#requests
    const timeout = isResent ? false : random.between(200, 10_000)
    model.note(`ask ${number}${isResent ? ' resend' : ''}`)
    model.asking(number, isResent)
    try {
      const reply = await connection.request<Frame>({ kind: 'ask', number }, { timeout, resend: isResent })
      model.check(reply.number === number, `request ${number} received the reply to ${reply.number}`)
      model.answered(number, 'answered')
    } catch (thrown) {
      const { name } = thrown as Error
      const isFine =
        isResent && !isBound
          ? /^(ReplyError|ConnectionClosedError)$/.test(name)
          : /^(ReplyError|RequestTimeoutError|ConnectionLostError|ConnectionClosedError)$/.test(name)
      model.check(isFine, `request ${number} rejected with ${String(thrown)}`)
      model.answered(number, name)
    }
  }
}

/** Returns true if sends throw, as they do once `close()` has been called. */
function isLeaving({ state: { status } }: Connection): boolean {
  return status === 'closing' || status === 'closed'
}

/** Creates the client class of the chaos test. */
export function chaosClient(world: ChaosWorld, user: ChaosUser) {
  const { random, model, server } = world
  const maybe = (probability: number): boolean => !server.isCalm && random.chance(probability)

  const slowly = (frame: Frame): Promise<Frame> =>
    new Promise((resolve) => server.later(1, random.chance(0.05) ? 6_000 : 500, () => resolve(frame)))

  @WebSocketClient({ route: 'kind', inject: [Subscriptions] })
  class Survivor {
    constructor(readonly subscriptions: Subscriptions) {}

    @OnOpen()
    async opened({ connectionNumber }: OpenInfo, { connection, signal }: ConnectionContext): Promise<void> {
      model.opened(connectionNumber, signal)
      if (!this.subscriptions.has('feed')) this.subscriptions.add('feed', { kind: 'subscribe' })
      if (random.chance(0.5)) await connection.request({ kind: 'login' }, { timeout: false })
      else {
        const isWelcome = (message: unknown): boolean => (message as Frame).kind === 'welcome'
        const welcome = connection.waitFor(isWelcome, { timeout: false })
        void connection.sendJson({ kind: 'login' })
        await welcome
      }
      // If the link is already lost, the message would be dropped and reported.
      if (!signal.aborted && connection.state.status === 'opening')
        void connection.sendJson({ kind: 'settings' })
    }

    @OnMessage('note')
    noted({ number = 0, socket }: Frame, context: ConnectionContext): unknown {
      model.handled(socket ?? 0, number)
      if (maybe(0.1)) throw new Stumble()
      if (maybe(0.1)) user.send(context.connection)
      if (maybe(0.2)) return { kind: 'echo', number, socket }
      if (maybe(0.2)) return slowly({ kind: 'echo', number, socket })
      if (maybe(0.05)) return user.ask(context.connection, random.chance(0.3), true)
      return undefined
    }

    @OnMessage()
    rest({ kind }: Frame): void {
      model.check(kind === 'answer' || kind === 'welcome', `a handler received '${kind}'`)
    }

    @OnError()
    failed(error: Error, { stage, fatal }: ErrorContext): void {
      const { name } = error.constructor
      const isExpected = error instanceof Stumble || EXPECTED[stage]?.test(name)
      model.note(`error ${stage} ${name}`)
      model.check(
        !fatal && isExpected === true,
        `@OnError received ${fatal ? 'fatal ' : ''}${stage}: ${String(error)}`,
      )
    }

    @OnError(MessageDroppedError)
    dropped({ messages, reason }: MessageDroppedError, { connection }: ErrorContext): void {
      for (const message of messages) {
        const frame = (typeof message === 'string' ? JSON.parse(message) : message) as Frame
        // A handler returned it; it is not one of the user's sends.
        if (frame.kind === 'echo') model.note(`reply ${frame.number ?? 0} ${reason}`)
        else model.dropped(frame.number ?? 0, reason)
      }
      if (reason === 'expired' && maybe(0.5)) user.send(connection)
      if (reason === 'expired' && maybe(0.1) && !isLeaving(connection)) connection.reconnect()
    }

    @OnError(DecodeError)
    undecodable(_error: DecodeError, { count }: ErrorContext): void {
      model.undecodable(count)
    }

    @OnError(UnprocessedMessagesError)
    unhandled({ count }: UnprocessedMessagesError): void {
      model.unhandled(count)
    }

    @OnStateChange()
    changed({ status }: ConnectionState, { connection }: ConnectionContext): void {
      model.note(`state ${status}`)
      if (isLeaving(connection)) return
      if (maybe(0.1)) user.send(connection)
      if (maybe(0.05)) void user.ask(connection, random.chance(0.5))
      if (maybe(0.02)) connection.reconnect()
    }

    @OnClose()
    async closed(
      { connectionNumber, willReconnect }: CloseInfo,
      { connection }: ConnectionContext,
    ): Promise<void> {
      if (willReconnect && maybe(0.2)) user.send(connection)
      if (maybe(0.1)) await new Promise<void>((resolve) => server.later(1, 500, resolve))
      model.closed(connectionNumber)
    }
  }
  return Survivor
}
