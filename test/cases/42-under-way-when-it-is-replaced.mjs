// Case 42. yagudaev/voiceclaw PR 53 (a tool call is pending when goAway arrives), restatedev/restate PR 5311 (the same over HTTP/2). The connection
// is replaced as planned (maxAge, reconnect({ overlap: true })) while a request is pending on a healthy socket, which would receive the reply in 0.2
// s. Expected: the request is answered. The old socket is closed when nothing is pending on it, or at its deadline.
import * as H from 'holdfast'
import { annotate, check, end, serve, until } from './support.mjs'

const ended = []
const server = await serve((socket, request, number) => {
  socket.on('close', () => ended.push(number))
  socket.on('message', (data) => {
    const { id, wait } = JSON.parse(data)
    setTimeout(() => socket.send(JSON.stringify({ id, from: number })), wait)
  })
})
class Api {
  any() {}
  failed() {}
}
annotate(
  Api,
  [
    ['any', H.OnMessage()],
    ['failed', H.OnError()],
  ],
  { requests: {} },
)
const client = await H.bootstrap(Api, server.url, { logger: false })
const { connection } = client
const answerOf = (wait) =>
  connection.request({ wait }).then(
    ({ from }) => `answered by ${from}`,
    (error) => error.name,
  )
const underWay = [200, 200, 400].map(answerOf)
connection.reconnect({ overlap: true })
await until(() => connection.state.connectionNumber === 2, 'the second connection is current')
const after = answerOf(10)
const outcomes = await Promise.all(underWay)
check(
  outcomes.every((each) => each === 'answered by 1'),
  `pending: ${outcomes.join(', ')}`,
)
check((await after) === 'answered by 2', `requested after that: ${await after}`)
await until(() => ended.includes(1), 'the old socket is closed because nothing is pending on it')
check(!ended.includes(2), 'the new one stays')
await client.close()
end()
