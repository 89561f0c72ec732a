/**
 * The test kit: a server in memory, a fake clock, recordings, and a real server on a free port.
 *
 * @packageDocumentation
 */
export { accept, dropAfter, flood, halfOpenAfter, ignore, refuse, reply } from './behaviors.js'
export type { Behavior } from './behaviors.js'
export { FakeClock } from './fake-clock.js'
export type { UntilOptions, WaitLimit } from './fake-clock.js'
export { MemoryPeer } from './memory-peer.js'
export { MemoryServer } from './memory-server.js'
export { Peer } from './peer.js'
export type { CloseFrame } from './peer.js'
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
export type { Refusal } from './refusal.js'
export { createSeededRandom } from './seeded-random.js'
export { SocketPeer, TestServer, startTestServer } from './test-server.js'
export type { OnConnection, TestServerOptions } from './test-server.js'
