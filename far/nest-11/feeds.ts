// An application with two clients, as a user would write it.
import 'reflect-metadata'
import {
  Controller,
  Get,
  Injectable,
  Module,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common'
import type {
  ArgumentMetadata,
  CallHandler,
  CanActivate,
  ExceptionFilter,
  ExecutionContext,
  NestInterceptor,
  PipeTransform,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus'
import { Connection, JsonSender, OnClose, OnError, OnMessage, OnOpen, WebSocketClient } from 'holdfast'
import type { CloseInfo, ErrorContext, MessageContext } from 'holdfast'
import {
  HoldfastHealthIndicator,
  HoldfastModule,
  InjectClient,
  InjectConnection,
  isHoldfastContext,
  provideClient,
} from 'holdfast/nestjs'
import { map } from 'rxjs'
import type { Observable } from 'rxjs'

@Injectable()
export class PriceStore {
  readonly prices: unknown[] = []
  readonly notes: string[] = []
}

@Injectable()
export class OnlyGood implements CanActivate {
  constructor(private readonly store: PriceStore) {}
  canActivate(context: ExecutionContext): boolean {
    const [message] = context.getArgs<[{ good?: boolean }]>()
    this.store.notes.push(`guard ${String(isHoldfastContext(context))}`)
    return message.good === true
  }
}

@Injectable()
export class Doubling implements PipeTransform {
  transform(message: { n: number }, { type }: ArgumentMetadata): unknown {
    return { n: message.n * 2, type }
  }
}

@Injectable()
export class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value: unknown) => ({ event: 'answer', data: value })))
  }
}

@Injectable()
export class Catching implements ExceptionFilter {
  catch(error: Error): unknown {
    return { event: 'answer', data: { caught: error.message } }
  }
}

@WebSocketClient({ route: 'event', reconnect: { initialDelay: 20, maxDelay: 50 } })
export class Feed {
  constructor(
    readonly store: PriceStore,
    readonly json: JsonSender,
    readonly connection: Connection,
  ) {}

  @OnOpen() opened(): void {
    void this.json.send({ event: 'subscribe', data: this.connection.id })
  }
  @OnMessage('price') price(message: unknown): void {
    this.store.prices.push(message)
  }
  @OnMessage('guarded') @UseGuards(OnlyGood) guarded(): void {
    this.store.notes.push('guarded')
  }
  @OnMessage('piped') @UsePipes(Doubling) @UseInterceptors(Wrapping) piped(
    message: object,
    { key }: MessageContext,
  ): unknown {
    return { ...message, key }
  }
  @OnMessage('filtered') @UseFilters(Catching) filtered(): void {
    throw new Error('boom')
  }
  @OnError() failed(error: Error, { stage, handler }: ErrorContext): void {
    this.store.notes.push(`${stage} ${String(handler)} ${error.constructor.name}`)
  }
  @OnClose() closed({ sentCode }: CloseInfo): void {
    console.log(`@OnClose ${this.connection.id} ${String(sentCode)}`)
  }
}

@Controller()
export class PricesController {
  constructor(
    private readonly store: PriceStore,
    private readonly health: HealthCheckService,
    private readonly holdfast: HoldfastHealthIndicator,
    private readonly spot: Feed,
    @InjectClient(Feed, 'futures') private readonly futures: Feed,
    @InjectConnection(Feed, 'futures') private readonly connection: Connection,
  ) {}

  @Get('prices') prices(): unknown {
    return this.store.prices
  }
  @Get('clients') clients(): unknown {
    return {
      different: this.spot !== this.futures,
      same: this.futures.connection === this.connection,
      spot: this.spot.connection.state.status,
      futures: this.futures.connection.state.status,
    }
  }
  @Get('health') @HealthCheck() check(): unknown {
    return this.health.check([
      () => this.holdfast.check('spot', Feed, { maxSilence: 60_000 }),
      async () => this.holdfast.check('futures', Feed, { name: 'futures' }),
    ])
  }
}

@Module({
  imports: [
    TerminusModule,
    HoldfastModule.forRootAsync({ useFactory: () => ({ heartbeat: { interval: 15_000 } }) }),
    HoldfastModule.forFeatureAsync([
      { use: Feed, useFactory: () => ({ url: process.env['SPOT_URL'] ?? '' }) },
      { use: Feed, name: 'futures', useFactory: () => ({ url: process.env['FUTURES_URL'] ?? '' }) },
    ]),
  ],
  providers: [PriceStore, Feed, provideClient(Feed, 'futures')],
  controllers: [PricesController],
})
export class AppModule {}

export async function start(): Promise<void> {
  const app = await NestFactory.create(AppModule)
  app.enableShutdownHooks()
  await app.listen(0, '127.0.0.1')
  console.log(`listening ${await app.getUrl()}`)
}
