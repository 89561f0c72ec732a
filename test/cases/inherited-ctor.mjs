// A subclass without its own constructor whose source contains the text "constructor (" (a comment, a string, this.constructor(…)). Expected: its
// inherited constructor receives its dependencies, or start-up fails. It never gets undefined dependencies.
import * as H from 'holdfast'
import { MemoryServer } from 'holdfast/testing'
import { annotate, check, end } from './support.mjs'

class Dep {
  value = 42
}
class Base {
  constructor(dep, connection) {
    this.dep = dep
    this.connection = connection
  }
  a() {}
}
annotate(Base, [['a', H.OnMessage('a')]], { inject: [Dep, H.Connection] })

class Plain extends Base {
  b() {}
}
class Comment extends Base {
  /* dep is set by the constructor (of Base) */
  b() {}
}
class Text extends Base {
  b() {
    return 'constructor('
  }
}
class Clone extends Base {
  b() {
    return new this.constructor(this.dep, this.connection)
  }
}
class Method extends Base {
  b() {
    return super.constructor()
  }
}

const server = new MemoryServer()
for (const Class of [Plain, Comment, Text, Clone, Method]) {
  annotate(Class, [['b', H.OnMessage('b')]])
  try {
    const options = { logger: false, transport: server.connect, heartbeat: false }
    const client = await H.bootstrap(Class, 'ws://x', options)
    const { dep, connection } = client.instance
    check(dep?.value === 42 && connection === client.connection, `${Class.name} was built with dep ${dep}`)
    await client.close()
  } catch (error) {
    check(error.name === 'StartupError', `${Class.name}: ${error.name}`)
  }
}
end()
