// Case 17. bmoscon/cryptofeed #1082, danpaquin/coinbasepro-python #212, pybotters/pybotters #564. The snapshot comes from a REST call while changes
// stream in. Changes that arrive during the call are lost, or applied to nothing or twice. Expected: the book always equals the server's.
import * as H from 'holdfast'
import { SnapshotSync } from 'holdfast/sequence'
import { QUICK, annotate, check, end, note, serve, sleep, until } from './support.mjs'

const truth = new Map()
let number = 0
let lost = false
const change = () => {
  number += 1
  const price = number % 7
  const size = (number * 13) % 5
  if (size) truth.set(price, size)
  else truth.delete(price)
  return { type: 'l2', number, price, size }
}
const rest = async () => {
  const copy = { number, levels: new Map(truth) }
  // The snapshot is deliberately slow, so it is old when it arrives.
  await sleep(60)
  return copy
}
const server = await serve((socket) => {
  const timer = setInterval(() => {
    const text = JSON.stringify(change())
    if (lost) {
      lost = false
      return
    }
    for (const each of server.clients) each.send(text)
  }, 5)
  socket.on('close', () => clearInterval(timer))
})
class Book {
  gaps = 0
  books = new SnapshotSync({
    fetch: rest,
    number: ({ number }) => number,
    range: ({ number }) => [number, number],
    apply: (state, { number, price, size }) => {
      state.number = number
      if (size) state.levels.set(price, size)
      else state.levels.delete(price)
    },
    retry: { initialDelay: 20 },
    onGap: (key) => {
      this.gaps += 1
      this.shown = this.books.get(key)
    },
  })
  opened(_, { signal }) {
    this.books.start('book', { signal })
  }
  changed(change) {
    this.books.change('book', change)
  }
}
annotate(Book, [
  ['opened', H.OnOpen()],
  ['changed', H.OnMessage('l2')],
])
const client = await H.bootstrap(Book, server.url, { logger: false, reconnect: QUICK })
const isEqual = () => {
  const book = client.instance.books.get('book')
  return (
    book?.number === number &&
    book.levels.size === truth.size &&
    [...truth].every(([price, size]) => book.levels.get(price) === size)
  )
}
const equal = async (when) => {
  const last = number + 40
  await until(() => client.instance.books.get('book')?.number >= last, `${when}: 40 more changes`)
  await until(isEqual, `${when}: the book equals the server's`)
  check(isEqual(), `${when}: the book equals the server's at change ${number}`)
}
await equal('after the start')
for (let i = 0; i < 3; i += 1) {
  for (const each of server.clients) each.terminate()
  await equal(`after reconnect ${i + 1}`)
}
check(client.instance.gaps === 0, `gaps: ${client.instance.gaps}`)

// The server continues, and a change is lost. The book disappears immediately, and is equal again when it returns.
lost = true
await until(() => client.instance.gaps === 1, 'the gap is detected')
check(client.instance.shown === undefined, 'a book with a gap is not shown')
await equal('after the gap')
check(client.instance.gaps === 1, `gaps: ${client.instance.gaps}`)

// A key without changes also gets its snapshot.
client.instance.books.start('quiet')
await until(() => client.instance.books.get('quiet'), 'the quiet key has its snapshot')
check(true, 'the quiet key has its snapshot')
client.instance.books.stop('quiet')
await client.close()
end()
