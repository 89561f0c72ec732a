import { expect } from 'chai'
import { Application, bootstrap, Client, Module, OnMessage } from 'holdfast'
import type { Bootstrapped } from 'holdfast'
import { MemoryServer } from 'holdfast/testing'
import { DIALECT, holds } from './assertions.js'
import type { Same } from './assertions.js'

describe(`The types of bootstrap, with ${DIALECT} decorators,`, () => {
  it('make bootstrap return a Client for a client class', async () => {
    class Feed {
      readonly prices: number[] = []
      @OnMessage() received(): void {}
    }
    const options = { transport: new MemoryServer().connect, logger: false } as const
    const client = await bootstrap(Feed, 'ws://peer.test/', options)
    holds<Same<typeof client, Client<Feed>>>()
    holds<Same<typeof client.instance.prices, number[]>>()
    holds<Same<Bootstrapped<Feed>, Client<Feed>>>()
    expect(client).to.be.instanceOf(Client)
    await client.close()
    const second = await bootstrap(Feed, { ...options, url: () => new URL('ws://peer.test/') })
    holds<Same<typeof second, Client<Feed>>>()
    await second.close()
  })

  it('make bootstrap return a Client for a class whose handlers are all private or protected', async () => {
    class Quiet {
      @OnMessage() protected received(): void {}
    }
    holds<Same<Bootstrapped<Quiet>, Client<Quiet>>>()
    const options = { transport: new MemoryServer().connect, logger: false } as const
    const client = await bootstrap(Quiet, { ...options, url: 'ws://peer.test/' })
    holds<Same<typeof client, Client<Quiet>>>()
    await client.close()
  })

  it('make bootstrap return an Application for a module', async () => {
    @Module({})
    class AppModule {}
    const application = await bootstrap(AppModule, { logger: false })
    holds<Same<typeof application, Application>>()
    holds<Same<Bootstrapped<AppModule>, Application>>()
    expect(application).to.be.instanceOf(Application)
    await application.close()
  })

  it("infer a token's value type", async () => {
    class Store {}
    @Module({ providers: [Store] })
    class AppModule {}
    const application = await bootstrap(AppModule)
    const store = application.get(Store)
    holds<Same<typeof store, Store>>()
    expect(store).to.be.instanceOf(Store)
    await application.close()
  })
})
