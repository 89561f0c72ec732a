/**
 * Facts about a connection that every diagnostic contains. Names and numbers only: no URL, header, token or message.
 */
export interface ConnectionDiagnostic {
  /** Name of the connection, unique in this process, such as `TickerClient#1`. */
  readonly connection: string
  /** Name of the client: its `name` option, or the name of its class. */
  readonly client: string
  /** Name of the client's class. */
  readonly class: string
  /** Host of the latest attempt; `undefined` until the URL is known. */
  readonly serverAddress: string | undefined
  /** Port of the latest attempt; `undefined` until the URL is known. */
  readonly serverPort: number | undefined
  /** Number of the link, starting at 1; 0 before the first one. */
  readonly connectionNumber: number
}

/** A connection, or one link of it, that diagnostics are about. */
export interface DiagnosticSource {
  /** Facts that every diagnostic contains. Read them only if somebody listens, because they are a new object each time. */
  readonly facts: ConnectionDiagnostic
}

/**
 * An error without secrets: its message is redacted, and it has no cause and no details. Assignable to `Error`, but not an instance of it.
 */
export interface DiagnosticError {
  /** Name of the error's class, such as `HandshakeError`. */
  readonly name: string
  /** Holdfast's error code, such as `HOLDFAST_HANDSHAKE`, or the code of the system, if the error has one. */
  readonly code?: string | undefined
  readonly message: string
  /** Stack of the error, redacted. Computed when it is read. */
  readonly stack?: string | undefined
}

/** Data published to `holdfast:state`: each status change. */
export interface StateDiagnostic extends ConnectionDiagnostic {
  readonly from: string
  readonly to: string
}

/** Data published to `holdfast:attempt`: the end of each attempt to connect. */
export interface AttemptDiagnostic extends ConnectionDiagnostic {
  /** Number of the attempt, starting at 1. */
  readonly attempt: number
  /** Time that the attempt took, in milliseconds. */
  readonly duration: number
  /** Error because of which the attempt failed; `undefined` if it succeeded. */
  readonly error: DiagnosticError | undefined
  /** HTTP status of the server's response, if it refused the handshake. */
  readonly statusCode: number | undefined
}

/** Data published to `holdfast:delay`: the start of each wait before an attempt. */
export interface DelayDiagnostic extends ConnectionDiagnostic {
  /** Number of the next attempt. */
  readonly attempt: number
  /** Time until the attempt, in milliseconds. */
  readonly delay: number
  /** Error because of which Holdfast waits. */
  readonly error: DiagnosticError
}

/** Data published to `holdfast:close`: the end of each link. */
export interface CloseDiagnostic extends ConnectionDiagnostic {
  /** Close code received; 1006 if there was no close frame. */
  readonly code: number
  /** Close code that this side sent, if it was the first to close. */
  readonly sentCode: number | undefined
  readonly initiator: 'local' | 'remote' | 'network'
  readonly willReconnect: boolean
  /** Time that the link was open, in milliseconds. */
  readonly duration: number
  readonly error: DiagnosticError | undefined
}

/** Data published to `holdfast:frame`: each message sent or received, as on the wire, and each ping, pong and close frame. */
export interface FrameDiagnostic extends ConnectionDiagnostic {
  readonly direction: 'receive' | 'transmit'
  readonly type: 'text' | 'binary' | 'ping' | 'pong' | 'close'
  /** Size of the payload in bytes, before compression. */
  readonly bytes: number
  /** The beginning of the payload, escaped, without secrets. Computed when it is read. */
  readonly preview: string
}

/** Data published to `holdfast:message`: each received message, decoded, before any handler receives it. */
export interface MessageDiagnostic extends ConnectionDiagnostic {
  readonly message: unknown
}

/**
 * Data published to `tracing:holdfast:handler:start`, `:end`, `:asyncStart`, `:asyncEnd` and `:error`, in the order that Node's
 * `TracingChannel` documents. All events of one call share the object, so a subscriber can use it as the key of a `WeakMap`. Stores that
 * are bound to the `start` channel with `bindStore` are active during the call.
 */
export interface HandlerDiagnostic extends ConnectionDiagnostic {
  /** Display name of the method, such as `TickerClient#tick`. */
  readonly handler: string
  /** Event that the method handles. */
  readonly kind: HandlerKind
  /** First argument of the method: the message or the event. Not enumerable, because it can contain secrets. */
  readonly event: unknown
  /** What the method threw or rejected with. Set before `error` is published. */
  error?: DiagnosticError | undefined
  /**
   * For instrumentations: runs the method, if a subscriber of `start` has set it. The call then returns `around(run)`, and `run` calls the
   * method and returns its result. A subscriber cannot otherwise activate a context that only its owner can set, such as OpenTelemetry's:
   *
   *     const { around = (run) => run() } = call
   *     call.around = (run) => context.with(ctx, () => around(run))
   *
   * The function must call `run` once, synchronously, and return its result. Another subscriber may already have set one, which it must
   * call, as shown.
   */
  around?: ((run: () => unknown) => unknown) | undefined
}

/** Event that a handler handles. */
export type HandlerKind =
  'open' | 'message' | 'binary' | 'ping' | 'pong' | 'stateChange' | 'error' | 'closing' | 'close'

/** Data published to `holdfast:request`: the end of each request. */
export interface RequestDiagnostic extends ConnectionDiagnostic {
  /** Time from the call to the reply or the failure, in milliseconds. */
  readonly duration: number
  readonly error: DiagnosticError | undefined
}

/** Data published to `holdfast:queue`: each time that back-pressure pauses or resumes the socket. */
export interface QueueDiagnostic extends ConnectionDiagnostic {
  readonly isPaused: boolean
  /** Number of messages that wait for handlers. */
  readonly messages: number
}

/** Reason for which a message was dropped. */
export type DropReason = 'outbox' | 'conflated' | 'unhandled' | 'validation' | 'unsent'

/** Data published to `holdfast:drop`: messages that never reached a handler or a socket. */
export interface DropDiagnostic extends ConnectionDiagnostic {
  readonly reason: DropReason
  readonly count: number
}

/** Data published to `holdfast:round-trip`: each answered beat of the heartbeat. */
export interface RoundTripDiagnostic extends ConnectionDiagnostic {
  /** Time between the beat and its reply, in milliseconds. */
  readonly duration: number
}

/** Data published to `holdfast:error`: each error that `@OnError` or the log receives. */
export interface ErrorDiagnostic extends ConnectionDiagnostic {
  readonly error: DiagnosticError
  readonly stage: string
  readonly handler: string | undefined
  readonly fatal: boolean
}

/** Name of each channel of `node:diagnostics_channel`, and the data that is published to it. */
export interface DiagnosticChannels {
  'holdfast:state': StateDiagnostic
  'holdfast:attempt': AttemptDiagnostic
  'holdfast:delay': DelayDiagnostic
  'holdfast:close': CloseDiagnostic
  'holdfast:frame': FrameDiagnostic
  'holdfast:message': MessageDiagnostic
  'holdfast:request': RequestDiagnostic
  'holdfast:queue': QueueDiagnostic
  'holdfast:drop': DropDiagnostic
  'holdfast:round-trip': RoundTripDiagnostic
  'holdfast:error': ErrorDiagnostic
  'tracing:holdfast:handler:start': HandlerDiagnostic
  'tracing:holdfast:handler:end': HandlerDiagnostic
  'tracing:holdfast:handler:asyncStart': HandlerDiagnostic
  'tracing:holdfast:handler:asyncEnd': HandlerDiagnostic
  'tracing:holdfast:handler:error': HandlerDiagnostic
}
