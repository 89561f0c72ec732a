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
  /** Facts that every diagnostic contains. Read them only if a channel has subscribers, because they are a new object each time. */
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
  /** Message of the error, redacted. */
  readonly message: string
  /** Stack of the error, redacted. Computed when it is read. */
  readonly stack?: string | undefined
}

/** Data published to `holdfast:state`: each status change. */
export interface StateDiagnostic extends ConnectionDiagnostic {
  /** Status before the change. */
  readonly from: string
  /** Status after the change. */
  readonly to: string
}

/** Data published to `holdfast:attempt`: the end of each attempt to connect, whether it succeeded, failed, or was canceled. */
export interface AttemptDiagnostic extends ConnectionDiagnostic {
  /** Number of the attempt, starting at 1. */
  readonly attempt: number
  /** Time that the attempt took, in milliseconds, without the wait for `connectLimiter`. */
  readonly duration: number
  /** Error because of which the attempt failed; `undefined` if it succeeded. Its name is `AbortError` if the attempt was canceled. */
  readonly error: DiagnosticError | undefined
  /** HTTP status of the response, if the server or a proxy refused the handshake. */
  readonly statusCode: number | undefined
}

/** Data published to `holdfast:delay`: the start of each wait before an attempt, also before one that will replace an open link. */
export interface DelayDiagnostic extends ConnectionDiagnostic {
  /** Number of the next attempt. */
  readonly attempt: number
  /** Time until the attempt, in milliseconds. */
  readonly delay: number
  /** Error because of which Holdfast waits. */
  readonly error: DiagnosticError
}

/** Data published to `holdfast:close`: the end of each link, before its `@OnClose` runs. */
export interface CloseDiagnostic extends ConnectionDiagnostic {
  /** Close code received; 1006 if there was no close frame. */
  readonly code: number
  /** Close code that Holdfast sent. */
  readonly sentCode: number | undefined
  /** Side that ended the link; `network` if the connection was lost without a close frame. */
  readonly initiator: 'local' | 'remote' | 'network'
  /** True if Holdfast is going to reconnect. */
  readonly willReconnect: boolean
  /** Time between the end of `@OnOpen` and the loss of the link, in milliseconds; 0 if `@OnOpen` did not complete. */
  readonly duration: number
  /** Error that ended the link; `undefined` if it was closed. */
  readonly error: DiagnosticError | undefined
}

/**
 * Data published to `holdfast:frame`: each message sent or received, as on the wire, and each ping, pong and close frame. A message that was
 * sent or received in fragments is published once, when it is complete. The pongs and close frames with which a transport answers are not
 * published. A sent frame is published when it is passed to the socket, after any wait in the outbox or for `rateLimit`.
 */
export interface FrameDiagnostic extends ConnectionDiagnostic {
  /** `receive` for frames from the server, and `transmit` for frames to it. */
  readonly direction: 'receive' | 'transmit'
  /** Kind of the frame. */
  readonly type: 'text' | 'binary' | 'ping' | 'pong' | 'close'
  /** Size of the payload in bytes, before compression. */
  readonly bytes: number
  /**
   * Start of the payload: up to 75 characters, escaped, with everything redacted that is recognizably a secret; `''` for binary messages.
   * Computed when it is read, which must happen during the subscriber's call.
   */
  readonly preview: string
}

/**
 * Data published to `holdfast:message`: each received message, decoded, before any handler receives it. It contains everything that the
 * server sent, secrets included. While the channel has subscribers, Holdfast parses every message, even if no handler wants it.
 */
export interface MessageDiagnostic extends ConnectionDiagnostic {
  /** The decoded message. */
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
  /** Error that the method threw or rejected with. Set before `error` is published. */
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

/** Data published to `holdfast:request`: the end of each request that began while the channel had subscribers. */
export interface RequestDiagnostic extends ConnectionDiagnostic {
  /** Time from the call to the reply or the failure, in milliseconds. */
  readonly duration: number
  /** Error with which the request failed; `undefined` if it was answered. */
  readonly error: DiagnosticError | undefined
}

/** Data published to `holdfast:queue`: each time that back-pressure pauses or resumes the socket of a link. */
export interface QueueDiagnostic extends ConnectionDiagnostic {
  /** True if the socket has been paused, and false if it has been resumed. */
  readonly isPaused: boolean
  /** Number of received messages that have not been handled yet. */
  readonly messages: number
}

/**
 * Reason for which messages were dropped.
 *
 * Received messages: `unhandled` (no handler), `conflated` (replaced by a newer message with the same key), `decode` (undecodable, or the
 * route function threw), `validation` (no schema accepted it). `discarded` means that the link or the connection ended first.
 *
 * Messages to send: `outbox` (the outbox was full, or the message too old), `unsent` (the link or the connection ended first).
 */
export type DropReason =
  'unhandled' | 'conflated' | 'decode' | 'validation' | 'discarded' | 'outbox' | 'unsent'

/** Data published to `holdfast:drop`: messages that never reached a handler or a socket. */
export interface DropDiagnostic extends ConnectionDiagnostic {
  /** Reason for which the messages were dropped. */
  readonly reason: DropReason
  /** Number of messages. */
  readonly count: number
}

/** Data published to `holdfast:round-trip`: each answered heartbeat, and each answered `ping()`. */
export interface RoundTripDiagnostic extends ConnectionDiagnostic {
  /** Time between the heartbeat and its reply, in milliseconds. */
  readonly duration: number
}

/** Data published to `holdfast:error`: each error that `@OnError` or the log receives, and each error that an `@OnError` throws. */
export interface ErrorDiagnostic extends ConnectionDiagnostic {
  /** The error, without secrets. */
  readonly error: DiagnosticError
  /** Stage in which the error occurred, as in the context of `@OnError`. */
  readonly stage: string
  /** Display name of the method that failed, if one did. */
  readonly handler: string | undefined
  /** True if Holdfast will not reconnect. */
  readonly fatal: boolean
  /** Number of errors that are reported together. */
  readonly count: number
}

/** Name of each channel of `node:diagnostics_channel`, and the data that is published to it. */
export interface DiagnosticChannels {
  /** Each status change. */
  'holdfast:state': StateDiagnostic
  /** The end of each attempt to connect. */
  'holdfast:attempt': AttemptDiagnostic
  /** The start of each wait before an attempt. */
  'holdfast:delay': DelayDiagnostic
  /** The end of each link. */
  'holdfast:close': CloseDiagnostic
  /** Each frame sent or received. */
  'holdfast:frame': FrameDiagnostic
  /** Each received message, decoded. */
  'holdfast:message': MessageDiagnostic
  /** The end of each request. */
  'holdfast:request': RequestDiagnostic
  /** Each time that back-pressure pauses or resumes a socket. */
  'holdfast:queue': QueueDiagnostic
  /** Messages that never reached a handler or a socket. */
  'holdfast:drop': DropDiagnostic
  /** Each answered heartbeat, and each answered `ping()`. */
  'holdfast:round-trip': RoundTripDiagnostic
  /** Each error that `@OnError` or the log receives, or that an `@OnError` throws. */
  'holdfast:error': ErrorDiagnostic
  /** The start of each call to a handler. */
  'tracing:holdfast:handler:start': HandlerDiagnostic
  /** The end of the synchronous part of a call. */
  'tracing:holdfast:handler:end': HandlerDiagnostic
  /** The moment at which the promise of a call settles. */
  'tracing:holdfast:handler:asyncStart': HandlerDiagnostic
  /** The moment after `asyncStart`. */
  'tracing:holdfast:handler:asyncEnd': HandlerDiagnostic
  /** The error that a handler threw or rejected with. */
  'tracing:holdfast:handler:error': HandlerDiagnostic
}
