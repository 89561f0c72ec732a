/**
 * The test kit: a server in memory, a fake clock, recordings, and a real server on a free port.
 *
 * @packageDocumentation
 */
export { FakeClock } from './fake-clock.js'
export { MemoryServer } from './memory-server.js'
export { MemoryPeer } from './memory-transport.js'
export { Playback, playBack } from './play-back.js'
export type { PlayBackOptions } from './play-back.js'
export { record } from './record.js'
export type { RecordOptions, RecordingSink, StopRecording } from './record.js'
export { readRecording } from './recording.js'
export type {
  RecordedClose,
  RecordedEvent,
  RecordedFailure,
  RecordedMessage,
  RecordedOpen,
} from './recording.js'
export { TestServer, startTestServer } from './test-server.js'
export type { TestServerConnection } from './test-server.js'
