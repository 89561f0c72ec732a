import { expect } from 'chai'
import {
  basicCredentials,
  environmentHeaders,
  headerFromVariable,
  joinHeaders,
  parseHeader,
  parseHeaderFile,
  withDefaults,
} from '#src/cli/headers.js'

describe('parseHeader', () => {
  it('splits at the first colon, and trims both parts', () => {
    expect(parseHeader('Origin:  https://a.example:8443 ', '-H')).to.deep.equal({
      name: 'Origin',
      value: 'https://a.example:8443',
    })
  })

  it('reports a line without a colon or a name, and does not show it', () => {
    for (const line of ['secret', ': secret']) {
      expect(parseHeader(line, '--header')).to.deep.equal({
        mistake: '--header: expected "Name: value", with a colon',
      })
    }
  })
})

describe('parseHeaderFile', () => {
  it('reads one header per line, except for comments and empty lines', () => {
    expect(parseHeaderFile('# token\nA: 1\r\n\n  B: 2\n', 'h.txt')).to.deep.equal([
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ])
  })

  it('reports the number of a wrong line', () => {
    expect(parseHeaderFile('A: 1\nsecret\n', 'h.txt')[1]).to.deep.equal({
      mistake: 'h.txt:2: expected "Name: value", with a colon',
    })
  })
})

describe('headerFromVariable', () => {
  it('reads the value from the environment', () => {
    expect(headerFromVariable('X-Key=KEY', { KEY: 'a=b' })).to.deep.equal({ name: 'X-Key', value: 'a=b' })
  })

  it('reports a variable that is not set, and an argument without an equals sign', () => {
    expect(headerFromVariable('X-Key=KEY', {})).to.deep.equal({
      mistake: '--header-env: the environment variable KEY is not set',
    })
    expect(headerFromVariable('X-Key', {})).to.have.property('mistake')
  })
})

describe('environmentHeaders', () => {
  it('turns HOLDFAST_HEADER_… into headers', () => {
    const environment = { HOLDFAST_HEADER_X_API_KEY: 'k', HOLDFAST_HEADER_: 'no', HOME: 'no' }
    expect(environmentHeaders(environment)).to.deep.equal({ 'X-Api-Key': 'k' })
  })
})

describe('joinHeaders', () => {
  it('keeps all values of a header that is given several times, in any case', () => {
    const lines = [
      { name: 'Cookie', value: 'a=1' },
      { name: 'X', value: 'y' },
      { name: 'cookie', value: 'b=2' },
    ]
    expect(joinHeaders(lines)).to.deep.equal({ Cookie: ['a=1', 'b=2'], X: 'y' })
  })
})

describe('withDefaults', () => {
  it('adds the headers whose names are not set, in any case', () => {
    expect(withDefaults({ 'x-a': '1' }, { 'X-A': '2', 'X-B': '3' })).to.deep.equal({ 'x-a': '1', 'X-B': '3' })
  })
})

describe('basicCredentials', () => {
  it('encodes the name and the password', () => {
    expect(basicCredentials('user:pä:ss')).to.equal('Basic dXNlcjpww6Q6c3M=')
  })
})
