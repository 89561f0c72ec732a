import { once } from 'node:events'
import { bootstrap, Module, OnMessage } from 'holdfast'
import type { ClientOptions } from 'holdfast'

// Runs as a separate process. Connects two clients that close on signals, and prints what happens to them. A client that
// receives a message is busy until a line arrives on stdin.

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
  // Process 1 ignores the signal, and the real process must not receive it.
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
