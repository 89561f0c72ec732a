import { once } from 'node:events'
import { bootstrap, Module, OnMessage } from 'holdfast'
import type { ClientOptions } from 'holdfast'

// Run as a process of its own: connects two clients that close on signals, and says what becomes of them. A message keeps
// the one that gets it busy until a line comes in.

class Worker {
  @OnMessage()
  async work(): Promise<void> {
    console.log('working')
    await once(process.stdin, 'data')
  }
}

@Module({
  clients: [
    { use: Worker, name: 'one', url: process.argv[2] },
    { use: Worker, name: 'two', url: process.argv[2] },
  ],
})
class WorkerModule {}

const [, , url = '', mode] = process.argv
if (mode === 'listens') process.on('SIGTERM', () => console.log('heard'))
if (mode === 'first') {
  Object.defineProperty(process, 'pid', { value: 1 })
  // Process 1 ignores it; and the true one must not get it.
  process.kill = () => true
}
const options: ClientOptions = { shutdownSignals: true, closeTimeout: 60_000 }

async function start() {
  if (mode === 'module') return (await bootstrap(WorkerModule, options)).clients
  return [await bootstrap(Worker, url, options), await bootstrap(Worker, url, options)]
}

for (const [index, { connection, closed }] of (await start()).entries()) {
  connection.signal.addEventListener('abort', () => console.log(`closing ${index + 1}`))
  void closed.then(() => console.log(`closed ${index + 1}`))
}
console.log('ready')
