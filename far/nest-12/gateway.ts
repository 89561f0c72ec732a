// The server: a gateway of Nest.
import { Module } from '@nestjs/common'
import type { INestApplication } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { WsAdapter } from '@nestjs/platform-ws'
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
import type { OnGatewayDisconnect } from '@nestjs/websockets'

/** A socket of the gateway. */
export interface Socket {
  send(data: string): void
  terminate(): void
  on(event: 'close', listener: (code: number) => void): void
}

@WebSocketGateway()
export class FeedGateway implements OnGatewayDisconnect {
  readonly sockets = new Map<string, Socket>()
  readonly answers: unknown[] = []
  readonly codes: number[] = []

  handleConnection(socket: Socket): void {
    socket.on('close', (code) => this.codes.push(code))
  }
  @SubscribeMessage('subscribe') subscribe(
    @MessageBody() name: string,
    @ConnectedSocket() socket: Socket,
  ): unknown {
    this.sockets.set(name, socket)
    return { event: 'price', data: { name, price: 1 } }
  }
  @SubscribeMessage('answer') answer(@MessageBody() data: unknown): void {
    this.answers.push(data)
  }
  handleDisconnect(socket: Socket): void {
    for (const [name, each] of this.sockets) if (each === socket) this.sockets.delete(name)
  }
}

@Module({ providers: [FeedGateway] })
class GatewayModule {}

export interface Gateway {
  readonly app: INestApplication
  readonly feed: FeedGateway
  readonly port: number
}

export async function startGateway(port = 0): Promise<Gateway> {
  const app = await NestFactory.create(GatewayModule, { logger: false, forceCloseConnections: true })
  app.useWebSocketAdapter(new WsAdapter(app))
  await app.listen(port, '127.0.0.1')
  const address = app.getHttpServer().address() as { port: number }
  return { app, feed: app.get(FeedGateway), port: address.port }
}
