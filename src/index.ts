/**
 * Clients, their decorators, options, and errors.
 *
 * @packageDocumentation
 */
import './annotations/reflect.js'

export { bootstrap } from './app/bootstrap.js'
export type { Bootstrapped } from './app/bootstrap.js'
export { Application } from './app/application.js'
export { Client } from './app/client.js'
export type { ClientOptions, UserContainer } from './app/client.js'

export {
  ClientOption,
  Module,
  OnBinary,
  OnClose,
  OnClosing,
  OnError,
  OnMessage,
  OnOpen,
  OnPing,
  OnPong,
  OnStateChange,
  WebSocketClient,
} from './annotations/decorators.js'
export type { ClientDecorator, HandlerDecorator, StandardMethodContext } from './annotations/decorators.js'
export type { ClientOptionMethods, ClientOptionName } from './annotations/client-option.js'
export { defineHandlers } from './annotations/define-handlers.js'
export type {
  HandlerMethods,
  MessageMethods,
  MethodOf,
  OptionMethodOf,
} from './annotations/define-handlers.js'
export type { ConnectionContext, ErrorContext, MessageContext } from './annotations/handler-contexts.js'
export type { OnMessageOptions } from './annotations/message-arguments.js'
export type {
  ClientEntry,
  ErrorClass,
  MessageKey,
  ModuleOptions,
  WebSocketClientOptions,
} from './annotations/metadata.js'
export type {
  Class,
  ClassProvider,
  ExistingProvider,
  FactoryProvider,
  Provider,
  Token,
  ValueProvider,
} from './core/token.js'

export { Connection } from './connection/connection.js'
export { broadcast } from './connection/broadcast.js'
export type { BroadcastResult, BroadcastTarget } from './connection/broadcast.js'
export { Heartbeat } from './link/heartbeat.js'
export type {
  HeartbeatOption,
  HeartbeatOptions,
  SilenceOptions,
  TextHeartbeatOptions,
} from './link/heartbeat.js'
export { JsonSender } from './messages/json-sender.js'
export { CloseCode } from './link/close-code.js'
export type { Initiator } from './link/close-code.js'
export type { HandlerConnection } from './session/handler-connection.js'
export { perLink } from './session/per-link.js'
export type { PerLink } from './session/per-link.js'
export type { ConnectionStats } from './session/connection-stats.js'
export type { ConnectionState, OpenInfo, Status } from './session/state.js'
export type { Stage } from './errors/stage.js'
export type { ClosingInfo } from './session/session-handlers.js'
export type { CloseInfo, Failure } from './session/disconnect.js'
export { Subscriptions } from './subscriptions/subscriptions.js'
export type {
  SubscribeOptions,
  SubscriptionAck,
  SubscriptionId,
  SubscriptionsOptions,
} from './subscriptions/subscribe-options.js'
export type { TopicSubscription } from './subscriptions/topic-subscriptions.js'
export type {
  IdAccessor,
  RequestManyOptions,
  RequestOptions,
  RequestsOptions,
} from './requests/request-options.js'
export type { MessageIterator, MessagesOptions, NextOptions } from './messages/message-stream.js'
export type { PeriodicOptions } from './link/periodic-messages.js'
export type { RateLimitSettings } from './link/rate-limiter.js'
export type { WaitOptions } from './messages/waiters.js'
export { defineProtocol } from './annotations/define-protocol.js'
export type { DefinedProtocol, DefinedSide, ProtocolSchemas } from './annotations/define-protocol.js'
export type { AnyProtocol, Outgoing, Protocol, ProtocolSide, ReplyTo } from './messages/protocol.js'
export type { AckOnArrival, Unpack } from './messages/inbound.js'
export type { Route, RoutePath } from './messages/route.js'
export type { Schema, SchemaInput, SchemaIssue, SchemaOutput } from './core/schema.js'
export { Logger } from './core/logger.js'
export type { LogFacts, LogLogger } from './core/logger.js'
export type { Chunks } from './codecs/chunked-message.js'
export type { Codec, CodecFactory } from './codecs/codec.js'
export type { Clock, Timer } from './core/clock.js'
export type { KeyedConcurrency } from './options/concurrency.js'
export type { CookieJar } from './attempt/cookies.js'
export type {
  AttemptInfo,
  PerAttempt,
  RequestHeaders,
  SubprotocolOffer,
  Subprotocols,
} from './attempt/attempt-options.js'
export type { ProxyOption } from './proxy/proxy-option.js'
export { createConnectLimiter } from './attempt/connect-limiter.js'
export type { ConnectLimit, ConnectLimiter } from './attempt/connect-limiter.js'
export type { ConnectionOptions, OutboxOptions, ReconnectOptions } from './options/options.js'
export type { ConnectionTarget, CreateConnection, TlsOptions } from './transports/socket-options.js'
export type {
  CompressionOptions,
  Connect,
  FrameOptions,
  Handshake,
  OpenTransportListener,
  SendOptions,
  SocketOptions,
  Transport,
  TransportEnd,
  TransportListener,
  TransportRequest,
} from './transports/transport.js'

// Data of the channels of node:diagnostics_channel.
export type {
  AttemptDiagnostic,
  CloseDiagnostic,
  ConnectionDiagnostic,
  DelayDiagnostic,
  DiagnosticChannels,
  DiagnosticError,
  DropDiagnostic,
  DropReason,
  ErrorDiagnostic,
  FrameDiagnostic,
  HandlerDiagnostic,
  HandlerKind,
  MessageDiagnostic,
  QueueDiagnostic,
  RequestDiagnostic,
  RoundTripDiagnostic,
  StateDiagnostic,
} from './diagnostics/payloads.js'

// Errors by family. In @OnError and in catch blocks, a base class covers all its subclasses.
export { HoldfastError } from './errors/holdfast-error.js'
export {
  ConnectFailedError,
  ConnectOptionError,
  ConnectTimeoutError,
  ConnectionError,
  ConnectionLostError,
  HandshakeError,
  HeartbeatTimeoutError,
  InvalidUrlError,
  OnOpenTimeoutError,
  ProtocolViolationError,
  RetriesExhaustedError,
} from './errors/connection-errors.js'
export type { HandshakeFacts, ProxyFacts, ReceiveLimit } from './errors/connection-errors.js'
export {
  DecodeError,
  EncodeError,
  MessageError,
  MessageValidationError,
  UnprocessedMessagesError,
} from './errors/message-errors.js'
export {
  ConnectionClosedError,
  MessageDroppedError,
  NotConnectedError,
  OutboxFullError,
  SendError,
} from './errors/send-errors.js'
export {
  BackpressureError,
  ReplyError,
  RequestError,
  RequestTimeoutError,
  UnreadRepliesError,
  WaitTimeoutError,
} from './errors/request-errors.js'
export type { RequestFacts } from './errors/request-errors.js'
export { PingTimeoutError } from './errors/ping-timeout-error.js'
export { StartupError } from './errors/startup-error.js'
export type { Mistake } from './errors/startup-error.js'
export { SubscriptionError } from './errors/subscription-error.js'
