import { expect } from 'chai'
import { injectable } from 'tsyringe'
import { Connection, Heartbeat, JsonSender, Logger, Subscriptions, WebSocketClient } from 'holdfast'
import { CONNECTION_TOKENS } from '#src/app/connection-scope.js'
import { recordVersion } from '#src/annotations/metadata.js'
import { PlainFactory, isPlain } from '#src/app/plain-factory.js'

class Store {}

@WebSocketClient()
class Plain {
  constructor(
    readonly json: JsonSender,
    readonly logger: Logger,
    readonly again: JsonSender,
  ) {}
}

@WebSocketClient()
class Stored {
  constructor(
    readonly connection: Connection,
    readonly store: Store,
  ) {}
}

const scope = {
  connection: {} as Connection,
  tokens: CONNECTION_TOKENS,
  get: (token: unknown) => token,
}

describe('isPlain', () => {
  it('is true for a class that injects only values of its connection, or nothing', () => {
    @WebSocketClient({ inject: [Heartbeat, Subscriptions, Connection] })
    class Named {}
    expect([Plain, Named, class {}].map(isPlain)).to.deep.equal([true, true, true])
  })

  it('is false for a class that injects anything else', () => {
    @WebSocketClient({ inject: ['apiKey'] })
    class Keyed {}
    expect([Stored, Keyed].map(isPlain)).to.deep.equal([false, false])
  })

  it('is true for a subclass that inherits such a constructor', () => {
    expect([class extends Plain {}, class extends Stored {}].map(isPlain)).to.deep.equal([true, false])
  })
})

describe('PlainFactory', () => {
  it("passes each parameter its token's value from the scope", () => {
    const made = new PlainFactory().make(Plain, scope)
    expect(made).to.deep.include({ json: JsonSender, logger: Logger, again: JsonSender })
  })

  it("disposes of the instance, but not of the connection's values", async () => {
    const disposed: string[] = []
    class Disposable {
      dispose(): void {
        disposed.push('instance')
      }
    }
    const factory = new PlainFactory()
    factory.make(Disposable, scope)
    expect(await factory.disposables.dispose()).to.deep.equal([])
    expect(disposed).to.deep.equal(['instance'])
  })

  it('reports a constructor without type metadata', () => {
    class Untold {
      constructor(readonly json: unknown) {}
    }
    const [mistake] = new PlainFactory().check(Untold, CONNECTION_TOKENS)
    expect(mistake?.place).to.equal('Untold')
    expect(mistake?.cause).to.contain('the constructor has 1 parameter')
  })

  it('reports a token from another copy of Holdfast rather than the missing container', () => {
    class Other {}
    recordVersion(Other, '9.9.9')
    class Odd {
      constructor(readonly other: Other) {}
    }
    WebSocketClient({ inject: [Other] })(Odd)
    const [mistake] = new PlainFactory().check(Odd, CONNECTION_TOKENS)
    expect(mistake?.cause).to.contain('Other comes from another copy of holdfast')
  })

  it('reports an invalid token rather than the missing container', () => {
    @injectable()
    class Odd {
      constructor(
        readonly shape: { readonly sides: number },
        readonly store: Store,
      ) {}
    }
    const causes = new PlainFactory().check(Odd, CONNECTION_TOKENS).map(({ cause }) => cause)
    expect(causes[0]).to.contain('imported with `import type`')
    expect(causes[1]).to.contain('injecting Store requires tsyringe, which is not installed')
  })

  it('names the packages to install for each parameter that needs a container (a branch used only if tsyringe is missing)', () => {
    @injectable()
    class Two {
      constructor(
        readonly store: Store,
        readonly json: JsonSender,
        readonly other: Store,
      ) {}
    }
    expect(new PlainFactory().check(Two, CONNECTION_TOKENS)).to.deep.equal(
      [1, 3].map((position) => ({
        place: `Two, constructor parameter ${position}`,
        cause: 'injecting Store requires tsyringe, which is not installed',
        fix: 'run npm install tsyringe reflect-metadata',
      })),
    )
  })
})
