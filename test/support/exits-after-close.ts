import { bootstrap, OnMessage } from 'holdfast'

// Run as a process of its own: connects, closes, and must then end by itself. It prints how long that took.

class Quiet {
  @OnMessage()
  message(): void {
    // Nothing comes.
  }
}

const url = process.argv[2] as string
const client = await bootstrap(Quiet, url, { shutdownSignals: true })
await client.connection.send('hello')
const { code } = await client.close()
const closedAt = performance.now()
process.on('exit', () => {
  console.log(JSON.stringify({ code, tookToExit: performance.now() - closedAt }))
})
