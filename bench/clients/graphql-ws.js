import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

/** One subscription for each flood. The client has no way to send plain messages. */
export async function open(url, handle) {
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
    generateID: () => '1',
  })
  await new Promise((resolve, reject) => {
    client.on('connected', resolve)
    client.on('error', reject)
  })
  let stop = () => undefined
  const sink = {
    next: ({ data }) => handle(data),
    error(error) {
      throw error
    },
    complete: () => undefined,
  }
  return {
    send(message) {
      stop()
      stop = client.subscribe({ query: 'subscription { ticker }', variables: message }, sink)
    },
  }
}
