import {
  bootstrap,
  OnBinary,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  OnPing,
  OnPong,
  OnStateChange,
  WebSocketClient,
  Connection,
  Heartbeat,
} from 'holdfast'
import type {
  Client,
  ClientOptions,
  CloseInfo,
  ConnectionContext,
  ConnectionState,
  ErrorContext,
  MessageContext,
  OpenInfo,
} from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'

/** Functions that a test runs inside handlers, in addition to recording the call. */
export interface Hooks {
  open?: (open: OpenInfo, context: ConnectionContext) => unknown
  message?: (message: unknown, context: MessageContext) => unknown
  binary?: (data: Uint8Array, context: MessageContext) => unknown
  error?: (error: Error, context: ErrorContext) => unknown
  close?: (close: CloseInfo, context: ConnectionContext) => unknown
  state?: (state: ConnectionState, context: ConnectionContext) => unknown
}

/** A client that records all its events in order. */
@WebSocketClient()
export class Witness {
  static hooks: Hooks = {}
  readonly hooks: Hooks = Witness.hooks
  readonly notes: string[] = []
  readonly messages: unknown[] = []
  readonly opens: OpenInfo[] = []
  readonly closes: CloseInfo[] = []
  readonly errors: { error: Error; context: ErrorContext }[] = []
  readonly states: ConnectionState[] = []
  pings = 0
  pongs = 0

  constructor(
    readonly connection: Connection,
    readonly heartbeat: Heartbeat,
  ) {}

  @OnOpen()
  opened(open: OpenInfo, context: ConnectionContext): unknown {
    this.notes.push(`open ${open.connectionNumber}`)
    this.opens.push(open)
    return this.hooks.open?.(open, context)
  }

  @OnMessage()
  received(message: unknown, context: MessageContext): unknown {
    this.notes.push(`message ${JSON.stringify(message)}`)
    this.messages.push(message)
    return this.hooks.message?.(message, context)
  }

  @OnBinary()
  binary(data: Uint8Array, context: MessageContext): unknown {
    this.notes.push(`binary ${data.length}`)
    return this.hooks.binary?.(data, context)
  }

  @OnPing()
  pinged(): void {
    this.pings += 1
  }

  @OnPong()
  ponged(): void {
    this.pongs += 1
  }

  @OnError()
  failed(error: Error, context: ErrorContext): unknown {
    this.notes.push(`error ${context.stage}${context.fatal ? ' fatal' : ''}`)
    this.errors.push({ error, context })
    return this.hooks.error?.(error, context)
  }

  @OnClose()
  closed(close: CloseInfo, context: ConnectionContext): unknown {
    this.notes.push(`close ${close.connectionNumber}`)
    this.closes.push(close)
    return this.hooks.close?.(close, context)
  }

  @OnStateChange()
  changed(state: ConnectionState, context: ConnectionContext): unknown {
    this.states.push(state)
    return this.hooks.state?.(state, context)
  }
}

/** A witness on a fake clock and a server in memory. */
export interface Rig {
  readonly clock: FakeClock
  readonly server: MemoryServer
  /** Result of `bootstrap`. A test does not have to await it. */
  readonly starting: Promise<Client<Witness>>
  /** The witness, which exists before it is connected. */
  readonly witness: Witness
}

/** Starts a witness. Random numbers are always 0.5, and nothing is logged. */
export function start(
  options: ClientOptions = {},
  hooks: Hooks = {},
  prepare?: (server: MemoryServer) => void,
): Rig {
  const clock = new FakeClock()
  const server = new MemoryServer()
  prepare?.(server)
  let witness: Witness | undefined
  Witness.hooks = hooks
  class Started extends Witness {
    constructor(connection: Connection, heartbeat: Heartbeat) {
      super(connection, heartbeat)
      // eslint-disable-next-line @typescript-eslint/no-this-alias -- the test needs the instance before bootstrap returns it
      witness = this
    }
  }
  WebSocketClient({ inject: [Connection, Heartbeat] })(Started)
  const starting = bootstrap(Started, {
    url: 'ws://peer.test/feed?token=secret',
    clock,
    transport: server.connect,
    random: () => 0.5,
    logger: false,
    ...options,
  })
  starting.catch(() => undefined)
  if (!witness) throw new Error('the witness was not created: await bootstrap to see why')
  return { clock, server, starting, witness }
}

/** Starts a witness and waits until it is ready. */
export async function ready(
  options: ClientOptions = {},
  hooks: Hooks = {},
  prepare?: (server: MemoryServer) => void,
): Promise<Rig & { client: Client<Witness> }> {
  const rig = start(options, hooks, prepare)
  return { ...rig, client: await rig.starting }
}
