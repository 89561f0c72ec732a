import { expect } from 'chai'
import { Module, OnMessage, WebSocketClient } from 'holdfast'
import type { Class, Mistake } from 'holdfast'
import {
  findClientMistake,
  findImportMistake,
  findModuleMistakes,
  findProviderMistake,
} from '#src/annotations/module-mistakes.js'

class Store {}

class Feed {
  @OnMessage() received(): void {}
}

@Module({})
class StorageModule {}

/** Returns a class whose `@Module` has any argument. */
function moduleOf(given: unknown): Class {
  class AppModule {}
  ;(Module as (options: unknown) => (target: Class) => void)(given)(AppModule)
  return AppModule
}

function line(mistake: Mistake | undefined): string | undefined {
  return mistake && `${mistake.place}: ${mistake.cause} | ${mistake.fix}`
}

describe('findModuleMistakes', () => {
  const lines = (module: Class) => findModuleMistakes(module).map(line)

  it('accepts arrays, and undefined instead of an array', () => {
    expect(lines(moduleOf({ imports: [], providers: undefined, clients: [Feed] }))).to.deep.equal([])
    expect(lines(moduleOf(undefined))).to.deep.equal([])
  })

  it('reports an unknown option, and suggests the one that was probably meant', () => {
    expect(lines(moduleOf({ client: [Feed] }))).to.deep.equal([
      'AppModule.client: unknown option | did you mean "clients"?',
    ])
    expect(lines(moduleOf({ exports: [Store] }))).to.deep.equal([
      'AppModule.exports: unknown option | remove it: all modules share a container',
    ])
  })

  it('reports a value that should be an array', () => {
    expect(lines(moduleOf({ clients: Feed, providers: { provide: 'a', useValue: 1 } }))).to.deep.equal([
      'AppModule clients: expected an array, received the function Feed | wrap it in brackets: clients: [Feed]',
      'AppModule providers: expected an array, received an object with the keys provide, useValue | wrap it in brackets: providers: […]',
    ])
  })

  it('reports a decorator that has no parentheses, or anything but an object as its argument', () => {
    class Bare {}
    ;(Module as unknown as (target: Class) => void)(Bare)
    expect(lines(Bare)).to.deep.equal([
      'Bare: @Module requires parentheses | use @Module({ clients: [TheClient] })',
    ])
    expect(lines(moduleOf([Feed]))).to.deep.equal([
      'AppModule: @Module takes an object, received an array | use @Module({ clients: [TheClient] })',
    ])
    expect(lines(moduleOf(null))[0]).to.contain('received null')
  })

  it('reports handlers that would never be called, including inherited ones', () => {
    @Module({})
    class Listening {
      @OnMessage('a') a(): void {}
      @OnMessage('b') b(): void {}
    }
    @Module({})
    class Inheriting extends Feed {}
    @Module({})
    @WebSocketClient()
    class Both {}
    const fix = 'move this to a separate class, and list it: clients: [TheClient]'
    expect(lines(Listening)).to.deep.equal([
      `Listening: has handlers (Listening#a, Listening#b), but modules do not connect | ${fix}`,
    ])
    expect(lines(Inheriting)).to.have.length(1)
    expect(lines(Both)[0]).to.contain('has @WebSocketClient, but modules do not connect')
  })
})

const CIRCLE = 'is undefined (circular import?) | break the circular import between the files'

describe('findImportMistake', () => {
  it('accepts a module, and reports anything else', () => {
    const of = (given: unknown) => line(findImportMistake(given, 'here'))
    expect(of(StorageModule)).to.equal(undefined)
    expect(of(undefined)).to.contain(CIRCLE)
    expect(of({ module: StorageModule })).to.equal(
      'here: expected a module, received an object with the keys module | list classes that are decorated with @Module',
    )
    expect(of(Store)).to.contain('Store is not a module | add @Module({ … }) to it')
    expect(of(Feed)).to.contain('Feed is not a module | move it to clients: [Feed]')
  })
})

describe('findProviderMistake', () => {
  const of = (given: unknown) => line(findProviderMistake(given, 'here'))

  it('accepts a class, and a token with one source', () => {
    const right = [
      Store,
      { provide: 'class', useClass: Store },
      { provide: 'value', useValue: undefined },
      { provide: 'factory', useFactory: () => 1 },
      { provide: 'existing', useExisting: Store },
    ]
    expect(right.map(of)).to.deep.equal(right.map(() => undefined))
  })

  const rows: [string, unknown, string][] = [
    ['undefined', undefined, `here: ${CIRCLE}`],
    ['null', null, 'here: expected a provider, received null'],
    ['a string, without showing it', 'secret', 'here: expected a provider, received a string | use a class'],
    ['an empty object', {}, 'received an empty object'],
    ['a token that is undefined', { provide: undefined, useValue: 1 }, `here: provide ${CIRCLE}`],
    [
      'a token without a source',
      { provide: 'limit' },
      "here ('limit'): expected one of useClass, useValue, useFactory, useExisting, received an object with the keys provide | add",
    ],
    [
      'a misspelled source',
      { provide: Store, useVal: 1 },
      'the keys provide, useVal | did you mean "useValue"?',
    ],
    [
      'two sources',
      { provide: 'a', useValue: 1, useClass: Store },
      'useClass and useValue cannot be combined | keep one',
    ],
    [
      'a useClass that is not a class',
      { provide: 'a', useClass: 'Store' },
      'useClass must be a class, received a string',
    ],
    ['a useClass that is missing', { provide: 'a', useClass: undefined }, `useClass ${CIRCLE}`],
    [
      'a useFactory that is not a function',
      { provide: 'a', useFactory: 1 },
      'useFactory must be a function, received a number',
    ],
    ['a useExisting that is missing', { provide: 'a', useExisting: undefined }, `useExisting ${CIRCLE}`],
    [
      'a function that is not a class',
      () => 1,
      'expected a class, received a function | use { provide: TOKEN, useFactory: () => … }',
    ],
    [
      'a client',
      Feed,
      'here: Feed is a client and would never connect as a provider | move it to clients: [Feed]',
    ],
    ['a client under another token', { provide: 'feed', useClass: Feed }, "here ('feed'): Feed is a client"],
  ]
  for (const [what, given, expected] of rows)
    it(`reports ${what}`, () => expect(of(given)).to.contain(expected))
})

describe('findClientMistake', () => {
  const of = (given: unknown) => line(findClientMistake(given, 'here'))

  it('accepts a class, and an entry that uses a class', () => {
    expect([Feed, { use: Feed, name: 'a' }].map(of)).to.deep.equal([undefined, undefined])
  })

  const fix = 'use the class, or an entry: { use: TheClient, name, url, … }'
  const rows: [string, unknown, string][] = [
    ['undefined', undefined, `here: ${CIRCLE}`],
    ['a class that is undefined', { use: undefined }, `here: use ${CIRCLE}`],
    ['an empty entry', {}, `expected a class or an entry, received an empty object | ${fix}`],
    ['an entry without a class', { name: 'a', url: 'ws://a' }, 'received an object with the keys name, url'],
    ['a string, without showing it', 'secret', 'here: expected a class or an entry, received a string'],
    ['an instance', new Feed(), 'expected a class or an entry, received an instance of Feed'],
    ['an entry of something else', { use: 'Feed' }, '"use" must be a class, received a string'],
    ['a function that is not a class', () => 1, 'expected a class, received a function'],
    ['a module', StorageModule, 'StorageModule is a module | move it to imports: [StorageModule]'],
  ]
  for (const [what, given, expected] of rows)
    it(`reports ${what}`, () => expect(of(given)).to.contain(expected))
})
