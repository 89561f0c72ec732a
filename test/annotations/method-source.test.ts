import { expect } from 'chai'
import { ignoresContext, returnsNothing } from '#src/annotations/method-source.js'

type Method = (...args: never[]) => unknown

/** Returns the only method of a class whose body is this text, as it would be seen in a user's program. */
function methodOf(code: string): Method {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- the compiler would write it in its own way
  const { prototype } = new Function('key', `return class { ${code} }`)(() => 'm') as { prototype: object }
  const name = Reflect.ownKeys(prototype).find((each) => each !== 'constructor')
  return (prototype as Record<string | symbol, Method>)[name!]!
}

describe('ignoresContext', () => {
  const blind = [
    'm() {}',
    'm(message) { return message }',
    'm(message,) {}',
    'm({ price, size: amount }) {}',
    'm([side, price]) {}',
    'm( \n message \n ) \n { }',
    'async m(message) {}',
    '*m(message) {}',
    'async *m(message) {}',
    'async(message) {}',
    'm(e){return this.x(e)}',
    'naïve(größe) {}',
    '$m_1(_) {}',
    // What coverage puts into a body.
    'm(message) { cov_1x().f[0]++; cov_1x().s[0]++; return message }',
  ]
  for (const code of blind) {
    it(`is true of ${JSON.stringify(code)}`, () => expect(ignoresContext(methodOf(code))).to.equal(true))
  }

  const seeing = [
    'm(message, context) {}',
    'm(message, { signal }) {}',
    'm({ price }, { signal }) {}',
    'm([price], [signal]) {}',
    'm(message, context = {}) {}',
    'm(message = 1, context) {}',
    'm(message = (1), context) {}',
    'm({ price = 1 }, context = {}) {}',
    'm({ price = f() }, context = {}) {}',
    'm({ [key()]: price }, context = {}) {}',
    'm(/* ) { */ message, context = {}) {}',
    'm(message /* ) { */, context = {}) {}',
    'm(message // ) {\n, context = {}) {}',
    'm(...all) {}',
    'm(message, ...more) {}',
    "['m)'](message, context = {}) {}",
    '[key()](message, context = {}) {}',
    "'m) {'(message, context = {}) {}",
    'm() { return arguments }',
    'm() { return () => arguments[1] }',
    'm(message) { return other.apply(this, arguments) }',
    'm(message) { return eval("argu" + "ments") }',
    'm(message) { return \\u0061rguments }',
    'm(e,t=1){}',
  ]
  for (const code of seeing) {
    it(`is false of ${JSON.stringify(code)}`, () => expect(ignoresContext(methodOf(code))).to.equal(false))
  }

  it('is false of whatever shows no source of its own', () => {
    const method = methodOf('m(message) {}')
    expect(ignoresContext(method.bind(undefined))).to.equal(false)
    expect(ignoresContext(new Proxy(method, {}))).to.equal(false)
    expect(ignoresContext(Math.max)).to.equal(false)
  })

  it('does not go by the length that a function tells', () => {
    const method = methodOf('m(message, context) {}')
    expect(ignoresContext(Object.defineProperty(method, 'length', { value: 0 }))).to.equal(false)
  })

  it('is false of arrows, and of wrappers that hand on whatever they get', () => {
    expect(ignoresContext((...all: unknown[]) => all)).to.equal(false)
    expect(ignoresContext((message: unknown) => message)).to.equal(false)
    const wrapper = function (this: unknown, ...all: never[]): unknown {
      return methodOf('m(message, context) {}').apply(this, all)
    }
    expect(ignoresContext(wrapper)).to.equal(false)
  })
})

describe('returnsNothing', () => {
  const silent = [
    'm() {}',
    'm(open) { this.number = open.connectionNumber }',
    'm({ attempt }) { void this.log(attempt) }',
  ]
  for (const code of silent) {
    it(`is true of ${JSON.stringify(code)}`, () => expect(returnsNothing(methodOf(code))).to.equal(true))
  }

  const doubtful = [
    'async m() {}',
    'async() {}',
    '*m() {}',
    'async *m() {}',
    'm() { return this.login() }',
    'm() { if (this.x) return\n this.y = 1 }',
    'm() { /* return */ }',
    'm(open, context) {}',
    'm(open = this.login()) {}',
    '[key()]() {}',
  ]
  for (const code of doubtful) {
    it(`is false of ${JSON.stringify(code)}`, () => expect(returnsNothing(methodOf(code))).to.equal(false))
  }

  it('is false of what shows no source, and of arrows', () => {
    expect(returnsNothing((() => undefined).bind(undefined))).to.equal(false)
    expect(returnsNothing(() => Promise.resolve())).to.equal(false)
  })
})
