export { FakeClock } from './fake-clock.js'
export { MemoryServer, MemoryPeer } from './memory-server.js'
export { TestServer, startTestServer } from './test-server.js'
export type { TestServerConnection } from './test-server.js'
