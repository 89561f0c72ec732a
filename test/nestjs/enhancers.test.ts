import { expect } from 'chai'
import {
  createParamDecorator,
  Injectable,
  SetMetadata,
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
import { APP_GUARD } from '@nestjs/core'
import { Connection, OnClose, OnError, OnMessage, OnOpen, StartupError, WebSocketClient } from 'holdfast'
import type { ErrorContext, MessageContext } from 'holdfast'
import {
  HoldfastClients,
  HoldfastModule,
  getClientToken,
  isHoldfastContext,
  provideClient,
} from 'holdfast/nestjs'
import type { Observable } from 'rxjs'
import { map } from 'rxjs'
import { closeNest, nestStartupError, startNest } from '../support/nest-app.js'
import { rejection } from '../support/rejection.js'

@Injectable()
class Log {
  readonly lines: string[] = []
}

@Injectable()
class OnlyGood implements CanActivate {
  constructor(readonly log: Log) {}
  canActivate(context: ExecutionContext): boolean {
    const [message, given] = context.getArgs<[{ good?: boolean }, MessageContext]>()
    this.log.lines.push(
      `guard ${String(isHoldfastContext(context))} ${context.getClass().name}.${context.getHandler().name} ${String(given.key)}`,
    )
    return message.good === true
  }
}

@Injectable()
class Doubling implements PipeTransform {
  constructor(readonly log: Log) {}
  transform(value: { n: number }, { type, metatype }: ArgumentMetadata): unknown {
    this.log.lines.push(`pipe ${type} ${String(metatype?.name)}`)
    return { ...value, n: value.n * 2 }
  }
}

@Injectable()
class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value: unknown) => ({ wrapped: value })))
  }
}

@Injectable()
class Catching implements ExceptionFilter {
  catch(error: Error): unknown {
    return { caught: error.message }
  }
}

const Key = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  return context.getArgByIndex<MessageContext>(1).key
})

@WebSocketClient({ url: 'ws://feed.test/', route: 'type' })
class Feed {
  readonly #secret = 7
  constructor(readonly log: Log) {}

  @OnMessage('guarded') @UseGuards(OnlyGood) guarded(_message: unknown, context: MessageContext): void {
    this.log.lines.push(`guarded ${this.#secret} ${String(context.key)}`)
  }
  @OnMessage('piped') @UsePipes(Doubling) piped(message: { n: number }, context: MessageContext): unknown {
    return { n: message.n, key: context.key }
  }
  @OnMessage('custom') custom(@Key() key: string, { connection }: MessageContext): unknown {
    return { key, status: connection.state.status }
  }
  @OnMessage('wrapped') @UseInterceptors(Wrapping) wrapped(): unknown {
    return 1
  }
  @OnMessage('filtered') @UseFilters(Catching) async filtered(): Promise<void> {
    throw new Error('boom')
  }
  @OnMessage('plain') plain(): unknown {
    return { plain: new Error('x').stack?.includes('external-context-creator') }
  }
  @OnError() failed(error: Error, { stage, handler }: ErrorContext): void {
    this.log.lines.push(`${stage} ${String(handler)} ${error.constructor.name}`)
  }
}

/** Starts a client, sends it a message, and returns the log and the replies. */
async function exchange(
  message: object,
  target: new (...args: never[]) => object = Feed,
  given: Parameters<typeof startNest> = [{ providers: [Log, target] }],
): Promise<{ readonly lines: string[]; readonly replies: unknown[] }> {
  const { app, server, clock } = await startNest(...given)
  await clock.settle()
  server.peer.send(message)
  await clock.settle()
  await new Promise(setImmediate)
  return {
    lines: app.get(Log).lines,
    replies: server.peer.received.map((each) => JSON.parse(String(each)) as unknown),
  }
}

describe('Enhancers', () => {
  afterEach(closeNest)

  it('runs a guard with the message and its context', async () => {
    const { lines } = await exchange({ type: 'guarded', good: true })
    expect(lines).to.deep.equal(['guard true Feed.guarded guarded', 'guarded 7 guarded'])
  })

  it('reports the refusal of a guard as an error of the stage handle', async () => {
    const { lines } = await exchange({ type: 'guarded' })
    expect(lines.slice(1)).to.deep.equal(['handle Feed#guarded ForbiddenException'])
  })

  it('runs pipes on the message, and still passes the context', async () => {
    const { lines, replies } = await exchange({ type: 'piped', n: 2 })
    expect(replies).to.deep.equal([{ n: 4, key: 'piped' }])
    expect(lines).to.deep.equal(['pipe body Object'])
  })

  it('passes the parameters of parameter decorators', async () => {
    const { replies } = await exchange({ type: 'custom' })
    expect(replies).to.deep.equal([{ key: 'custom', status: 'open' }])
  })

  it('gives a guard the method of a piped handler', async () => {
    let seen: unknown
    @WebSocketClient({ url: 'ws://feed.test/' })
    class Piped {
      constructor(readonly log: Log) {}
      @OnMessage()
      @UsePipes(Doubling)
      @UseGuards({
        canActivate(context: ExecutionContext) {
          seen = [context.getHandler().name, Reflect.getMetadata('role', context.getHandler())]
          return true
        },
      })
      @SetMetadata('role', 'reader')
      received(): void {}
    }
    await exchange({}, Piped)
    expect(seen).to.deep.equal(['received', 'reader'])
  })

  it('sends what an interceptor returns', async () => {
    const { replies } = await exchange({ type: 'wrapped' })
    expect(replies).to.deep.equal([{ wrapped: 1 }])
  })

  it('sends what a filter returns', async () => {
    const { replies, lines } = await exchange({ type: 'filtered' })
    expect(replies).to.deep.equal([{ caught: 'boom' }])
    expect(lines).to.deep.equal([])
  })

  it('calls handlers without enhancers directly', async () => {
    const { replies } = await exchange({ type: 'plain' })
    expect(replies).to.deep.equal([{ plain: false }])
  })

  it('runs the enhancers of a class for all its handlers, including @OnOpen and @OnClose', async () => {
    @Injectable()
    class Noting implements CanActivate {
      constructor(readonly log: Log) {}
      canActivate(context: ExecutionContext): boolean {
        this.log.lines.push(context.getHandler().name)
        return true
      }
    }
    @WebSocketClient({ url: 'ws://feed.test/' })
    @UseGuards(Noting)
    class Guarded {
      constructor(readonly log: Log) {}
      @OnOpen() opened(): void {}
      @OnMessage() received(): void {}
      @OnClose() closed(): void {
        this.log.lines.push('@OnClose')
      }
    }
    const { lines } = await exchange({}, Guarded)
    await closeNest()
    expect(lines).to.deep.equal(['opened', 'received', 'closed', '@OnClose'])
  })

  it('runs the enhancers of named clients', async () => {
    const { app, server, clock } = await startNest({ providers: [Log, provideClient(Feed, 'a')] })
    await clock.settle()
    server.peer.send({ type: 'guarded' })
    await clock.settle()
    await new Promise(setImmediate)
    expect(app.get(Log).lines).to.deep.equal([
      'guard true Feed.guarded guarded',
      'handle Feed#guarded ForbiddenException',
    ])
    expect(app.get(getClientToken(Feed, 'a'))).to.be.instanceOf(Feed)
  })

  it('runs the enhancers of clients that are opened at run time', async () => {
    const { app, server, clock } = await startNest({ providers: [Log, Feed] })
    await app.get(HoldfastClients).open(Feed, { name: 'a', waitForOpen: true })
    server.peer.send({ type: 'guarded' })
    await clock.settle()
    await new Promise(setImmediate)
    expect(app.get(Log).lines).to.include('handle Feed#guarded ForbiddenException')
  })

  it('refuses to open a client whose guards Nest has not created', async () => {
    const { app } = await startNest({ providers: [Log] })
    const error = await rejection(app.get(HoldfastClients).open(Feed, {}))
    expect(error).to.be.instanceOf(StartupError)
    expect((error as StartupError).mistakes[0]?.cause).to.equal(
      'uses OnlyGood, but Nest only creates the guards, pipes, interceptors, and filters of classes that are themselves in the providers of a module',
    )
  })

  it('refuses clients whose guards Nest has only created for other classes', async () => {
    @WebSocketClient({ url: 'ws://feed.test/' })
    class Other {
      @OnMessage() @UseGuards(OnlyGood) @UsePipes(Doubling) received(): void {}
    }
    const cause = /^uses OnlyGood, but Nest only creates/
    const { app } = await startNest({ providers: [Log, Other] })
    const opened = await rejection(app.get(HoldfastClients).open(Feed, { name: 'a' }))
    expect((opened as StartupError).mistakes[0]?.cause).to.match(cause)
    const made = { provide: 'MADE', inject: [Log], useFactory: (log: Log) => new Feed(log) }
    const { mistakes } = await nestStartupError(startNest({ providers: [Log, Other, made] }))
    expect(mistakes[0]?.cause).to.match(cause)
  })

  it('refuses clients whose pipes for a parameter Nest has not created', async () => {
    @Injectable()
    class Checking extends Doubling {}
    class Piped {
      @OnMessage() received(@Key(Checking) key: unknown): void {
        void key
      }
    }
    const feature = HoldfastModule.forFeature([{ use: Piped, url: 'ws://feed.test/' }])
    const made = { provide: Piped, useFactory: () => new Piped() }
    const { mistakes } = await nestStartupError(startNest({ imports: [feature], providers: [Log, made] }))
    expect(mistakes[0]?.cause).to.match(/^uses Checking, /)
  })

  it('does not run global guards by default', async () => {
    const { lines } = await exchange({ type: 'guarded', good: true }, Feed, [
      { providers: [Log, Feed, { provide: APP_GUARD, useValue: { canActivate: () => false } }] },
    ])
    expect(lines).to.include('guarded 7 guarded')
  })

  it('runs global guards for all handlers with useGlobalEnhancers', async () => {
    const canActivate = (context: ExecutionContext): boolean => context.getHandler().name === 'failed'
    const guard = { provide: APP_GUARD, useValue: { canActivate } }
    const { lines, replies } = await exchange({ type: 'plain' }, Feed, [
      { providers: [Log, Feed, guard] },
      { useGlobalEnhancers: true },
    ])
    expect(replies).to.deep.equal([])
    expect(lines).to.include('handle Feed#plain ForbiddenException')
  })

  it('lets an enhanced handler use the connection of its client', async () => {
    @WebSocketClient({ url: 'ws://feed.test/' })
    @UseInterceptors(Wrapping)
    class Sending {
      constructor(
        readonly log: Log,
        readonly connection: Connection,
      ) {}
      @OnMessage() received(): void {
        void this.connection.sendJson({ sent: true })
      }
    }
    const { replies } = await exchange({}, Sending)
    expect(replies[0]).to.deep.equal({ sent: true })
  })
})
