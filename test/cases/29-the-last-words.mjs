// Case 29. neuphonic/pyneuphonic #18, deepgram/deepgram-js-sdk #336. The client announces that it has sent everything. The server sends the remaining
// results and closes with 1000. Expected: the last results are handled, and no reconnect follows.
import { Connection, OnClose, OnMessage, bootstrap } from 'holdfast'
import { QUICK, annotate, check, end, note, serve } from './support.mjs'

const server = await serve((socket) =>
  socket.on('message', (data) => {
    if (JSON.parse(data).type !== 'CloseStream') return
    setTimeout(() => {
      socket.send('{"type":"Results","text":"last words"}')
      socket.send('{"type":"Metadata"}')
      socket.close(1000)
    }, 80)
  }),
)

class Speech {
  texts = []
  closes = []
  constructor(connection) {
    this.connection = connection
  }
  results({ text }) {
    this.texts.push(text)
  }
  metadata() {
    this.hasMetadata = true
  }
  closed(close) {
    this.closes.push(close)
  }
}
const roles = [
  ['results', OnMessage('Results')],
  ['metadata', OnMessage('Metadata')],
  ['closed', OnClose()],
]
annotate(Speech, roles, { inject: [Connection] })

const run = async (finish) => {
  const before = server.count()
  const client = await bootstrap(Speech, server.url, { logger: false, reconnect: QUICK })
  await finish(client.connection)
  await client.closed
  return { ...client.instance, connections: server.count() - before }
}
const early = await run(async (connection) => {
  void connection.sendJson({ type: 'CloseStream' })
  await connection.close()
})
note(`close() immediately afterwards: "${early.texts}" handled`)
const last = await run((connection) => connection.end({ type: 'CloseStream' }))
check(last.texts.join() === 'last words' && last.hasMetadata, `end(): "${last.texts}" handled`)
check(last.connections === 1, `${last.connections} connection`)
const [close] = last.closes
check(
  close.code === 1000 && !close.willReconnect,
  `one end: ${close.code}, willReconnect ${close.willReconnect}`,
)
end()
