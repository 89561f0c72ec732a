import { BadRequestException, Catch, Injectable } from '@nestjs/common'
import type {
  ArgumentsHost,
  CallHandler,
  CanActivate,
  ExceptionFilter,
  ExecutionContext,
  NestInterceptor,
  PipeTransform,
} from '@nestjs/common'
import { map } from 'rxjs'
import type { Observable } from 'rxjs'
import { PriceBook } from './price-book.js'

export interface Alert {
  readonly id: number
  readonly symbol: string
  readonly price: number
}

/** Refuses alerts for symbols without a price. */
@Injectable()
export class KnownSymbols implements CanActivate {
  constructor(private readonly book: PriceBook) {}

  canActivate(context: ExecutionContext): boolean {
    const [alert] = context.getArgs<[Alert]>()
    return this.book.prices.has(alert.symbol)
  }
}

/** Turns the price, which the feed sends as a string, into a number. */
@Injectable()
export class PriceToNumber implements PipeTransform {
  transform(alert: Alert): Alert {
    const price = Number(alert.price)
    if (Number.isNaN(price)) throw new BadRequestException(`not a price: ${alert.price}`)
    return { ...alert, price }
  }
}

/** Turns the ID that the handler returns into the acknowledgment that the feed expects. */
@Injectable()
export class Acknowledge implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<object> {
    return next.handle().pipe(map((id) => ({ op: 'ack', id })))
  }
}

/** Sends the reason back to the feed when an alert is wrong. */
@Catch(BadRequestException)
export class RejectAlert implements ExceptionFilter<BadRequestException> {
  catch(error: BadRequestException, host: ArgumentsHost): object {
    const [alert] = host.getArgs<[Alert]>()
    return { op: 'reject', id: alert.id, reason: error.message }
  }
}
