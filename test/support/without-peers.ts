// A client whose constructor injects parts of its connection, in a process without tsyringe and reflect-metadata. tsc compiles it with
// emitDecoratorMetadata, so the constructor's types are available once Reflect.metadata is defined.
import { bootstrap, Connection, JsonSender, OnMessage, OnOpen, WebSocketClient } from 'holdfast'
import { MemoryServer } from 'holdfast/testing'

@WebSocketClient()
class Greeter {
  constructor(
    readonly json: JsonSender,
    readonly connection: Connection,
  ) {}

  @OnOpen() opened(): void {
    void this.json.send({ type: 'hello' })
  }

  @OnMessage('bye') async bye(): Promise<void> {
    await this.connection.close()
  }
}

// If at all, reflect-metadata is imported after the class.
if (process.argv[2] === 'reflect-later') {
  await import('reflect-metadata')

  @WebSocketClient()
  class Later extends Greeter {}
  await talk(Later)
}
await talk(Greeter)

async function talk(target: typeof Greeter): Promise<void> {
  const server = new MemoryServer()
  const client = await bootstrap(target, 'ws://peer.test', { transport: server.connect, logger: false })
  server.peer.send({ type: 'bye' })
  await client.closed
  console.log(server.peer.received.join(), client.instance.connection === client.connection)
}
