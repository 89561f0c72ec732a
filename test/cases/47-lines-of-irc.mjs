// Case 47. TwitchLib/TwitchLib #1150, bitwalker/exirc #62, twitch-irc/twitch-irc #90. With IRC over a WebSocket, one message contains several lines.
// Each PING among them must be answered with its own text and CRLF. Tags and texts can contain anything. Expected: each line is routed by its
// command, in order. Each PONG is exact, and the server never disconnects.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve, sleep, until } from './support.mjs'

const got = []
const server = await serve((socket) => {
  let isAnswered = true
  socket.on('message', (data) => {
    got.push(String(data))
    if (/^PONG :tmi\.example\r\n$/.test(data)) isAnswered = true
  })
  const timer = setInterval(() => {
    if (!isAnswered) return socket.close()
    isAnswered = false
    return socket.send(
      '@id=1;msg=a\\sb :u!u@u PRIVMSG #c :hello : there\r\nPING :tmi.example\r\n:u!u@u PRIVMSG #c :PING :fake\r\n',
    )
  }, 100)
  socket.on('close', () => clearInterval(timer))
})
const irc = { encode: (line) => `${line}\r\n`, decode: (data) => data.split('\r\n').filter(Boolean) } // 5 lines
const parse = (line) => {
  const [, tags, prefix, command, rest] = /^(?:@(\S+) )?(?::(\S+) )?(\S+) ?(.*)$/s.exec(line)
  return { tags, prefix, command, rest }
}
class Bot {
  constructor() {
    this.lines = []
  }
  opened() {
    return 'CAP REQ :twitch.tv/tags'
  }
  ping({ rest }) {
    return `PONG ${rest}`
  }
  said({ rest }) {
    this.lines.push(rest)
  }
  failed() {}
}
annotate(
  Bot,
  [
    ['opened', H.OnOpen()],
    ['ping', H.OnMessage('PING')],
    ['said', H.OnMessage('PRIVMSG')],
    ['failed', H.OnError()],
  ],
  { codec: irc, unpack: (lines) => lines.map(parse), route: 'command' },
)
const client = await H.bootstrap(Bot, server.url, { logger: false, reconnect: QUICK })
await until(() => client.instance.lines.length >= 10, 'ten lines')
// An unanswered PING would have ended the connection by now.
await sleep(250)
check(
  server.count() === 1 && got[0] === 'CAP REQ :twitch.tv/tags\r\n',
  `${server.count()} connection; first ${JSON.stringify(got[0])}, then ${JSON.stringify(got[1])}`,
)
check(
  client.instance.lines.length >= 10 &&
    client.instance.lines.slice(0, 2).join(' | ') === '#c :hello : there | #c :PING :fake',
  `${client.instance.lines.length} lines: ${client.instance.lines.slice(0, 2).join(' | ')}`,
)
await client.close()
end()
