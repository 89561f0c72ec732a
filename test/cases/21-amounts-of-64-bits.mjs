// Case 21. cashubtc/cashu-ts PR 1088, ccxt/node-binance-api PR 890, async-graphql #626. JSON.parse rounds integers above 2^53. Expected: they are
// exact in both directions, including requests and their replies.
import * as H from 'holdfast'
import { bigintJsonCodec } from 'holdfast/bigint-json'
import { annotate, check, end, note, serve } from './support.mjs'

const got = []
const server = await serve((socket) =>
  socket.on('message', (data) => {
    got.push(String(data))
    const id = /"id":(\d+)/.exec(data)[1]
    socket.send(
      `{"id":${id},"result":{"amount":18446744073709551615,"fee":3,"rate":0.25,"neg":-9223372036854775808}}`,
    )
  }),
)
class Wallet {
  any() {}
}
annotate(Wallet, [['any', H.OnMessage()]], {
  codec: bigintJsonCodec,
  requests: { result: (reply) => reply.result },
})
const client = await H.bootstrap(Wallet, server.url, { logger: false })
const { amount, fee, rate, neg } = await client.connection.request({
  method: 'pay',
  amount: 18_446_744_073_709_551_615n,
})
check(
  amount === 18_446_744_073_709_551_615n && neg === -9_223_372_036_854_775_808n,
  `received: ${amount}, ${neg}`,
)
check(fee === 3 && rate === 0.25, `small numbers stay numbers: ${fee}, ${rate}`)
check(got[0].includes('"amount":18446744073709551615'), `sent: ${got[0]}`)
note(
  'AWKWARD: a field is number or bigint depending on its size, so amount + fee throws; a schema must convert them',
)
await client.close()
end()
