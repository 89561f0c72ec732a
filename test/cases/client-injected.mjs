// A provider or another client injects a client by its class. Expected: it receives the connected instance of the application, or start-up reports an
// error. It never receives a second instance that is not connected.
import * as H from 'holdfast'
import { MemoryServer } from 'holdfast/testing'
import { annotate, check, end } from './support.mjs'

const server = new MemoryServer()

class Ticker {
  tick(message) {
    this.last = message.n
  }
}
annotate(Ticker, [['tick', H.OnMessage('t')]], { url: 'ws://x' })

class Service {
  constructor(ticker) {
    this.ticker = ticker
  }
}

class Other {
  constructor(ticker) {
    this.ticker = ticker
  }
  received() {}
}
annotate(Other, [['received', H.OnMessage()]], { url: 'ws://y', inject: [Ticker] })

const rows = [
  [
    'a provider',
    {
      providers: [{ provide: Service, useFactory: (ticker) => new Service(ticker), inject: [Ticker] }],
      clients: [Ticker],
    },
    (app) => app.get(Service).ticker,
  ],
  ['another client', { clients: [Ticker, Other] }, (app) => app.client(Other).instance.ticker],
  [
    'another name',
    { providers: [{ provide: 'ticker', useExisting: Ticker }], clients: [Ticker] },
    (app) => app.get('ticker'),
  ],
  [
    'a class that is provided under a name',
    { providers: [{ provide: 'ticker', useClass: Ticker }], clients: [Ticker] },
    (app) => app.get('ticker'),
  ],
]
for (const [what, options, get] of rows) {
  class App {}
  H.Module(options)(App)
  const started = H.bootstrap(App, { logger: false, transport: server.connect, heartbeat: false })
  const app = await started.catch((error) => error)
  if (app instanceof Error) {
    const isTold = app instanceof H.StartupError && app.message.includes('Ticker')
    check(isTold && server.peers.length === 0, `${what} that injects Ticker: ${app.message}`)
    continue
  }
  const isConnected = get(app) === app.client(Ticker).instance
  check(isConnected, `${what} gets ${isConnected ? 'the connected instance' : 'a second, unconnected one'}`)
  await app.close()
}

// The same without a module, where only the class itself is connected.
const alone = await H.bootstrap(Other, { logger: false, transport: server.connect }).catch((error) => error)
check(alone instanceof H.StartupError, `a client alone that injects Ticker: ${alone.message}`)
end()
