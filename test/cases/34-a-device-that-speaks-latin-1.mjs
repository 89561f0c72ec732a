// Case 34. websockets/ws #2047 and PR 1928, Links2004/arduinoWebSockets #816, boostorg/beast #1991. A device sends text that is not UTF-8 (a degree
// sign in Latin-1) once in a while, and will never be updated. Expected: with the message arrives with U+FFFD, and the
// connection stays. Without it, the connection is closed with 1007 (RFC 6455, section 8.1).
import * as H from 'holdfast'
import { createWsTransport } from 'holdfast/transports'
import { QUICK, annotate, check, end, serve, until } from './support.mjs'

const frame = (bytes) => Buffer.concat([Buffer.from([0x81, bytes.length]), bytes])
const codes = []
const server = await serve((socket, { socket: raw }) => {
  let count = 0
  const timer = setInterval(() => {
    count += 1
    const text = count % 3 ? `{"type":"t","i":${count}}` : '{"type":"t","unit":"\xb0C"}'
    raw.write(frame(Buffer.from(text, 'latin1')))
  }, 10)
  socket.on('close', (code) => {
    clearInterval(timer)
    codes.push(code)
  })
})
class Sensor {
  readings = []
  errors = []
  reading(message) {
    this.readings.push(message)
  }
  failed(error) {
    this.errors.push(error)
  }
}
annotate(Sensor, [
  ['reading', H.OnMessage('t')],
  ['failed', H.OnError()],
])

for (const fastPaths of [true, false]) {
  const transport = createWsTransport({ validateUtf8: false, fastPaths })
  const client = await H.bootstrap(Sensor, server.url, { logger: false, transport })
  const { readings, errors } = client.instance
  const before = server.count()
  await until(() => readings.length >= 12 || errors.length > 0, 'twelve readings')
  const units = readings.flatMap(({ unit }) => unit ?? [])
  check(errors.length === 0 && server.count() === before, `no error, no new connection: ${errors[0] ?? ''}`)
  check(units.length >= 3 && units.every((unit) => unit === '\ufffdC'), `units: ${units.join(' ')}`)
  await client.close()
}
const strict = await H.bootstrap(Sensor, server.url, { logger: false, reconnect: QUICK })
await until(() => codes.includes(1007), 'the strict client closes with 1007')
check(strict.instance.errors.length > 0, `by default, an error: ${strict.instance.errors[0]}`)
await strict.connection.terminate()
end()
