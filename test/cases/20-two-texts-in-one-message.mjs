// Case 20. buttplugio/buttplug-js #207, websockets/ws #1231. Sometimes one message contains two JSON texts with nothing in between. Expected: both
// are handled, in order. A broken one does not affect the other.
import * as H from 'holdfast'
import { annotate, check, end, note, serve, sleep, until } from './support.mjs'

const server = await serve((socket) => {
  socket.send('[{"Ok":{"Id":1}}]')
  socket.send('[{"Ok":{"Id":2}}][{"ScanningFinished":{"Id":0,"Text":"a ][ b"}}]')
  socket.send('[{"Ok":{"Id":3}}')
  socket.send('[{"Ok":{"Id":4}}]')
})
const run = async (count, options) => {
  class Toy {
    constructor() {
      this.seen = []
      this.errors = []
    }
    any(message) {
      this.seen.push(Object.keys(message[0] ?? message)[0])
    }
    failed(error) {
      this.errors.push(error.name)
    }
  }
  annotate(Toy, [
    ['any', H.OnMessage()],
    ['failed', H.OnError()],
  ])
  const client = await H.bootstrap(Toy, server.url, { logger: false, ...options })
  const { seen, errors } = client.instance
  await until(() => seen.length + errors.length >= count, `${count} texts, broken ones included`)
  // A text that is handled twice would have arrived again by now.
  await sleep(100)
  await client.close()
  return client.instance
}
const plain = await run(4, {})
note(`by default: ${plain.seen.join()}; errors: ${plain.errors.join()}`)
// A text ends where JSON.parse reports that something follows it.
const texts = {
  encode: JSON.stringify,
  decode: (data) => data,
}
function* unpack(data) {
  for (let rest = data; rest;) {
    try {
      yield JSON.parse(rest)
      return
    } catch (error) {
      const at = Number(/after JSON at position (\d+)/.exec(error.message)?.[1] ?? NaN)
      if (!(at > 0)) throw error
      yield JSON.parse(rest.slice(0, at))
      rest = rest.slice(at)
    }
  }
}
const right = await run(5, { codec: texts, unpack })
check(
  right.seen.join() === 'Ok,Ok,ScanningFinished,Ok' && right.errors.join() === 'DecodeError',
  `with codec and unpack (12 lines): ${right.seen.join()}; errors: ${right.errors.join()}`,
)
end()
