import { OnClose, OnError, OnMessage, OnOpen, OnStateChange } from 'holdfast'
import type { CloseInfo, ConnectionState, ErrorContext, OpenInfo } from 'holdfast'

/** Everything that the handlers of a client have received. */
interface Log {
  readonly opens: OpenInfo[]
  readonly messages: unknown[]
  readonly errors: { readonly error: Error; readonly stage: string; readonly fatal: boolean }[]
  readonly closes: CloseInfo[]
  readonly states: ConnectionState[]
}

/** Creates a client class and a log of everything its handlers receive. The log can be read even if bootstrap rejects. */
export function watched() {
  const log: Log = { opens: [], messages: [], errors: [], closes: [], states: [] }
  class Watched {
    @OnOpen()
    opened(open: OpenInfo): void {
      log.opens.push(open)
    }

    @OnMessage()
    message(message: unknown): void {
      log.messages.push(message)
    }

    @OnError()
    failed(error: Error, { stage, fatal }: ErrorContext): void {
      log.errors.push({ error, stage, fatal })
    }

    @OnClose()
    closed(close: CloseInfo): void {
      log.closes.push(close)
    }

    @OnStateChange()
    changed(state: ConnectionState): void {
      log.states.push(state)
    }
  }
  return { Watched, log }
}
