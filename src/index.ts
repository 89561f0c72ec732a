import './reflect.js'

export { bootstrap } from './bootstrap.js'
export type { Bootstrapped } from './bootstrap.js'
export { Application } from './application.js'
export { Client } from './client.js'
export type { ClientOptions } from './client.js'

export {
  Module,
  OnBinary,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  OnPing,
  OnPong,
  OnStateChange,
  WebSocketClient,
} from './annotations/decorators.js'
export type { ClientDecorator, HandlerDecorator, StandardMethodContext } from './annotations/decorators.js'
export { defineHandlers } from './annotations/define-handlers.js'
export type { HandlerMethods, MessageMethods, MethodOf } from './annotations/define-handlers.js'
export type { ConnectionContext, ErrorContext, MessageContext } from './annotations/context.js'
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
} from './token.js'

export { Connection } from './connection/connection.js'
export { Heartbeat } from './connection/heartbeat.js'
export type { HeartbeatTimes } from './connection/heartbeat.js'
export { JsonSender } from './connection/json-sender.js'
export { CloseCode } from './connection/close-code.js'
export type { CloseInfo, Initiator } from './connection/close-code.js'
export type { ConnectionState, OpenInfo, Stage, Status } from './connection/state.js'
export type { Failure } from './connection/reconnect-policy.js'
export { Subscriptions } from './connection/subscriptions.js'
export type { SubscribeOptions, SubscriptionId } from './connection/subscriptions.js'
export { homeAssistant, jsonRpc, ocpp } from './connection/request-presets.js'
export type {
  IdPlace,
  RequestManyOptions,
  RequestOptions,
  RequestsOptions,
} from './connection/request-options.js'
export type { MessageIterator, MessagesOptions, NextOptions } from './connection/message-stream.js'
export type { RateLimitSettings } from './connection/rate-limiter.js'
export { Sequence } from './sequence.js'
export type {
  SequenceDuplicate,
  SequenceGap,
  SequenceNumber,
  SequenceOptions,
  SequenceVerdict,
} from './sequence.js'
export type { WaitOptions } from './connection/waiters.js'
export { defineProtocol } from './annotations/define-protocol.js'
export type { ProtocolDecorators, ProtocolOf, ProtocolSchemas } from './annotations/define-protocol.js'
export type { Outgoing, Protocol, ReplyTo } from './protocol.js'
export { keyPair, keyPart, keyPresent } from './route.js'
export type { Route, RoutePath } from './route.js'
export type { Schema, SchemaInput, SchemaIssue, SchemaOutput } from './schema.js'
export { Logger } from './logger.js'
export { createJsonCodec, jsonCodec, textCodec } from './codec.js'
export type { Codec, JsonCodecOptions } from './codec.js'
export { compressedCodec } from './compressed-codec.js'
export type { CompressedCodecOptions, CompressionFormat } from './compressed-codec.js'
export { createWsTransport } from './transports/ws.js'
export type { WsTransportOptions } from './transports/ws.js'
export type { Clock, Timer } from './clock.js'
export type { KeyedConcurrency } from './concurrency.js'
export type {
  AttemptInfo,
  BeatOptions,
  ConnectionOptions,
  OutboxOptions,
  PerAttempt,
  ReconnectOptions,
  SilenceOptions,
} from './options.js'
export type {
  Connect,
  Handshake,
  Transport,
  TransportEnd,
  TransportListener,
  TransportRequest,
} from './transport.js'

export {
  BackpressureError,
  ConnectError,
  ConnectTimeoutError,
  ConnectionClosedError,
  ConnectionLostError,
  DecodeError,
  EncodeError,
  HandshakeError,
  HeartbeatTimeoutError,
  HoldfastError,
  InvalidUrlError,
  MessageDroppedError,
  MessageValidationError,
  NotConnectedError,
  OutboxFullError,
  PingTimeoutError,
  ProtocolViolationError,
  ProviderError,
  ReadyTimeoutError,
  RetriesExhaustedError,
  StartupError,
  UnhandledMessagesError,
  WaitTimeoutError,
} from './errors.js'
export { RequestError, RequestTimeoutError, SubscriptionError, UnreadRepliesError } from './request-errors.js'
export type { HandshakeFacts, Mistake } from './errors.js'
