// Case 42. yagudaev/voiceclaw PR 53 (a tool call is under way when goAway comes; restatedev/restate PR 5311 for the kind, over HTTP/2): the connection is replaced
// as planned (maxAge, reconnect({ overlap: true })) while a request waits for its answer, on a socket that is well and would bring it in 0.2 s.
// Right: it is answered; the old socket is closed when nothing waits on it any more, or its time is over.
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
await until(() => connection.state.connectionNumber === 2, 'the second connection serves')
const after = answerOf(10)
const outcomes = await Promise.all(underWay)
check(
  outcomes.every((each) => each === 'answered by 1'),
  `under way: ${outcomes.join(', ')}`,
)
check((await after) === 'answered by 2', `asked after that: ${await after}`)
await until(() => ended.includes(1), 'the old socket is closed, as nothing waits on it any more')
check(!ended.includes(2), 'the new one stays')
await client.close()
end()
