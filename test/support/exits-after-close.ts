import { bootstrap, OnMessage } from 'holdfast'

// Runs as a separate process. Connects, closes, and must then exit without help. It prints how long that took.

class Quiet {
  @OnMessage()
  message(): void {
    // No message is sent.
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
