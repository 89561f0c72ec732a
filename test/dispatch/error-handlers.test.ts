import { expect } from 'chai'
import type { Connection, ErrorContext, LogFacts } from 'holdfast'
import type { Handler, HandlerTable } from '#src/annotations/handler-table.js'
import { ErrorHandlers } from '#src/dispatch/error-handlers.js'
import { Invoker } from '#src/dispatch/invoker.js'

class FeedError extends Error {
  override name = 'FeedError'
}
class StaleFeedError extends FeedError {
  override name = 'StaleFeedError'
}

type Method = (error: Error, context: ErrorContext) => unknown

interface Given {
  readonly any?: Method
  readonly byClass?: readonly (readonly [abstract new (...args: never[]) => Error, Method])[]
}

const CONTEXT: ErrorContext = {
  connection: {} as Connection,
  signal: new AbortController().signal,
  stage: 'handle',
  fatal: false,
  count: 1,
}

/** Error handlers made of functions. Log lines are recorded with their level. */
function rig({ any, byClass = [] }: Given = {}) {
  const instance: Record<string, Method> = {}
  const handlerOf = (method: string, run: Method): Handler => {
    instance[method] = run
    return { method, name: `Ticker#${method}`, event: 'error', decorator: '@OnError()' }
  }
  const errors = new Map(byClass.map(([type, run]) => [type.prototype as object, handlerOf(type.name, run)]))
  const anyError = any && handlerOf('any', any)
  const table: HandlerTable = {
    single: {},
    messages: new Map(),
    rest: undefined,
    errors,
    anyError,
    options: new Map(),
  }
  const lines: string[] = []
  const logged: unknown[] = []
  const level = (name: string) => (line: string, facts?: LogFacts) => {
    lines.push(`${name} ${line}`)
    logged.push(facts?.err)
  }
  const logger = { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
  const invoker = new Invoker(instance)
  return { invoker, lines, logged, handlers: new ErrorHandlers(table, invoker, logger) }
}

const FAILED = 'error Ticker#any (@OnError) threw RangeError: too much while handling FeedError: gap'

describe('ErrorHandlers', () => {
  describe('the chosen handler', () => {
    /** Returns the handlers that an error reaches. */
    function reached(error: Error, classes: readonly (abstract new (...args: never[]) => Error)[]): string[] {
      const names: string[] = []
      const byClass = classes.map((type) => [type, () => void names.push(type.name)] as const)
      const { handlers } = rig({ byClass, any: () => void names.push('any') })
      void handlers.handle(error, CONTEXT, '')
      return names
    }

    it('is the one for the most specific class', () => {
      const all = [Error, FeedError, StaleFeedError]
      expect(reached(new StaleFeedError(), all)).to.deep.equal(['StaleFeedError'])
      expect(reached(new FeedError(), all)).to.deep.equal(['FeedError'])
      expect(reached(new TypeError(), all)).to.deep.equal(['Error'])
      expect(reached(new StaleFeedError(), [Error, FeedError])).to.deep.equal(['FeedError'])
    })

    it('is the one without a class if no class matches', () => {
      expect(reached(new TypeError(), [FeedError])).to.deep.equal(['any'])
      expect(reached(new TypeError(), [])).to.deep.equal(['any'])
    })

    it('receives the error and its context', () => {
      const given: unknown[] = []
      const { handlers } = rig({ any: (...args) => void given.push(...args) })
      const error = new Error('oops')
      void handlers.handle(error, CONTEXT, '')
      expect(given).to.deep.equal([error, CONTEXT])
      expect(given[0]).to.equal(error)
    })
  })

  describe('an error without a handler (B39)', () => {
    it('is logged as an error, with its stage and consequence', () => {
      const { handlers, lines } = rig()
      const result = handlers.handle(new FeedError('gap'), { ...CONTEXT, stage: 'decode' }, 'retrying in 2 s')
      expect(result).to.equal(undefined)
      expect(lines).to.deep.equal(['error decode: FeedError: gap (retrying in 2 s)'])
    })

    it('is logged even if there are handlers for other classes', () => {
      const { handlers, lines } = rig({ byClass: [[FeedError, () => {}]] })
      void handlers.handle(new TypeError('odd'), CONTEXT, '')
      expect(lines).to.deep.equal(['error handle: TypeError: odd'])
    })

    it('is logged in one line that names the handler that threw, and passed as a value', () => {
      const { handlers, lines, logged } = rig()
      const error = new FeedError('gap')
      void handlers.handle(error, { ...CONTEXT, handler: 'Ticker#tick' }, '')
      expect(lines).to.deep.equal(['error handle: Ticker#tick failed: FeedError: gap'])
      expect(logged).to.deep.equal([error])
    })

    it('is logged without the handler if its message already names the handler', () => {
      const { handlers, lines } = rig()
      const error = new FeedError('failed validation for Ticker#tick')
      void handlers.handle(error, { ...CONTEXT, handler: 'Ticker#tick' }, '')
      expect(lines).to.deep.equal(['error handle: FeedError: failed validation for Ticker#tick'])
    })

    it('is logged with only its class if it has no message', () => {
      const { handlers, lines } = rig()
      void handlers.handle(new TypeError(), { ...CONTEXT, handler: 'Ticker#tick' }, '')
      expect(lines).to.deep.equal(['error handle: Ticker#tick failed: TypeError'])
    })

    it('is logged with the number of failures', () => {
      const { handlers, lines } = rig()
      const context = { ...CONTEXT, stage: 'decode', count: 1_234 } as const
      void handlers.handle(new FeedError('gap'), context, '')
      void handlers.handle(new FeedError('gap'), context, 'continuing')
      expect(lines).to.deep.equal([
        'error decode: FeedError: gap (1,234 times within 1 s)',
        'error decode: FeedError: gap (continuing; 1,234 times within 1 s)',
      ])
    })

    it('is a warning only if another connection attempt follows', () => {
      const { handlers, lines } = rig()
      void handlers.handle(new Error('refused'), { ...CONTEXT, stage: 'connect' }, 'retrying')
      void handlers.handle(
        new Error('refused'),
        { ...CONTEXT, stage: 'connect', fatal: true },
        'not retrying',
      )
      expect(lines).to.deep.equal([
        'warn connect: Error: refused (retrying)',
        'error connect: Error: refused (not retrying)',
      ])
    })
  })

  describe('a handler', () => {
    it('that returns nothing leaves nothing to wait for', () => {
      const { handlers } = rig({ any: () => 'ignored' })
      expect(handlers.handle(new Error('oops'), CONTEXT, '')).to.equal(undefined)
    })

    it('that returns a promise is awaited', async () => {
      let finish: () => void = () => {}
      const { handlers, lines } = rig({ any: () => new Promise<void>((resolve) => (finish = resolve)) })
      let isOver = false
      const handled = Promise.resolve(handlers.handle(new Error('oops'), CONTEXT, '')).then(
        () => (isOver = true),
      )
      await Promise.resolve()
      expect(isOver).to.equal(false)
      finish()
      await handled
      expect(lines).to.deep.equal([])
    })

    it('that throws is logged along with the error that it was handling', () => {
      const { handlers, lines, logged } = rig({
        any: () => {
          throw new RangeError('too much')
        },
      })
      const error = new FeedError('gap')
      expect(handlers.handle(error, CONTEXT, '')).to.equal(undefined)
      expect(lines).to.deep.equal([FAILED])
      expect((logged[0] as Error).message).to.equal('too much')
    })

    it('that rejects is logged, and causes no unhandled rejection', async () => {
      const { handlers, lines } = rig({ any: () => Promise.reject(new RangeError('too much')) })
      await handlers.handle(new FeedError('gap'), CONTEXT, '')
      expect(lines).to.deep.equal([FAILED])
    })

    it('that calls close() does not delay the close, and causes no unhandled rejection (B34)', async () => {
      let finish: (error: Error) => void = () => {}
      const { handlers, invoker, lines }: ReturnType<typeof rig> = rig({
        any: () => {
          invoker.release()
          return new Promise<void>((_resolve, reject) => (finish = reject))
        },
      })
      expect(handlers.handle(new Error('oops'), CONTEXT, '')).to.equal(undefined)
      finish(new RangeError('too much'))
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
      expect(lines).to.have.length(1)
      expect(lines[0]).to.contain('Ticker#any (@OnError) threw RangeError: too much')
    })
  })
})
