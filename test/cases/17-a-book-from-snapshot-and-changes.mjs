// Case 17. bmoscon/cryptofeed #1082, danpaquin/coinbasepro-python #212, pybotters/pybotters #564: the snapshot comes from a REST call while
// changes stream in; changes that arrive meanwhile are applied to nothing, or twice, or lost. Right: the book equals the server's, always.
import * as H from 'holdfast'
import { Sequence } from 'holdfast/sequence'
import { QUICK, annotate, check, end, note, serve, sleep, until } from './support.mjs'

const truth = new Map()
let number = 0
const change = () => {
  number += 1
  const price = number % 7
  const size = (number * 13) % 5
  if (size) truth.set(price, size)
  else truth.delete(price)
  return { type: 'l2', number, price, size }
}
const rest = async () => {
  const copy = { number, levels: [...truth] }
  // The snapshot is slow on purpose: it is old when it arrives.
  await sleep(60)
  return copy
}
const server = await serve((socket) => {
  const timer = setInterval(() => {
    const text = JSON.stringify(change())
    for (const each of server.clients) each.send(text)
  }, 5)
  socket.on('close', () => clearInterval(timer))
})
class Book {
  constructor() {
    this.sequence = new Sequence({
      window: 0,
      onGap: () => {
        this.gaps += 1
        this.book = undefined
      },
    })
    this.gaps = 0
  }
  opened() {
    this.book = undefined
    this.sequence.reset()
  }
  async changed({ number, price, size }) {
    this.sequence.check('book', number)
    if (!this.book) {
      const { number: at, levels } = await rest()
      this.at = at
      this.book = new Map(levels)
    }
    if (number <= this.at) return
    if (size) this.book.set(price, size)
    else this.book.delete(price)
    this.at = number
  }
}
annotate(Book, [
  ['opened', H.OnOpen()],
  ['changed', H.OnMessage('l2')],
])
const client = await H.bootstrap(Book, server.url, { logger: false, reconnect: QUICK })
const isEqual = () => {
  const { book, at } = client.instance
  return (
    at === number &&
    book?.size === truth.size &&
    [...truth].every(([price, size]) => book.get(price) === size)
  )
}
const equal = async (when) => {
  const last = number + 40
  await until(() => client.instance.at >= last, `${when}: 40 more changes`)
  await until(isEqual, `${when}: the book equals the server's`)
  check(isEqual(), `${when}: the book equals the server's at change ${number}`)
}
await equal('after the start')
for (let i = 0; i < 3; i += 1) {
  for (const each of server.clients) each.terminate()
  await equal(`after reconnect ${i + 1}`)
}
check(client.instance.gaps === 0, `gaps: ${client.instance.gaps}`)
note("9 lines of the user's own; the serial queue keeps the changes while the handler awaits the snapshot")
await client.close()
end()
