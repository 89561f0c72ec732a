import { expect } from 'chai'
import fc from 'fast-check'
import { keyInText } from '#src/messages/key-in-text.js'

function keyOf(text: string, property = 'type'): string | number | undefined {
  return keyInText(text, property)?.value
}

describe('keyInText', () => {
  const found: [string, string | number][] = [
    ['{"type":"tick"}', 'tick'],
    ['{"type":"tick","price":1', 'tick'],
    [' \t\r\n{ "type" \n:\t"tick" , ', 'tick'],
    ['{"type":""}', ''],
    ['{"type":"größe"}', 'größe'],
    ['{"type":17}', 17],
    ['{"type":-2.50 ,', -2.5],
    ['{"time":1700,"type":"tick"}', 'tick'],
    ['{"a":-0.5,"b":"x","c":true,"d":false,"e":null,"type":"tick"}', 'tick'],
    ['{"types":"no","typ":"no","type":"tick"}', 'tick'],
  ]
  for (const [text, key] of found) {
    it(`finds the key in ${JSON.stringify(text)}`, () => {
      expect(keyOf(text)).to.equal(key)
    })
  }

  it('returns the position of the key', () => {
    expect(keyInText('{"a":1, "type": "tick"}', 'type')).to.deep.equal({ value: 'tick', at: 16 })
    expect(keyInText('{"type":17}', 'type')).to.deep.equal({ value: 17, at: 8 })
  })

  const unknown: [string, string][] = [
    ['no object', '["type","tick"]'],
    ['a text alone', '"type"'],
    ['an empty text', ''],
    ['a text with a byte order mark', '\ufeff{"type":"tick"}'],
    ['a text with another white space', '\u00a0{"type":"tick"}'],
    ['an object without the key', '{}'],
    ['an object with only another property', '{"kind":"tick"}'],
    ['a text with an object before the key', '{"a":{"type":"no"},"type":"tick"}'],
    ['a text with a list before the key', '{"a":[1],"type":"tick"}'],
    ['a key that is an object', '{"type":{"a":1}}'],
    ['a key that is true', '{"type":true}'],
    ['a key that is null', '{"type":null}'],
    ['a key with an escape', '{"type":"ti\\u0063k"}'],
    ['a name with an escape', '{"typ\\u0065":"tick"}'],
    ['a text with an escape before the key', '{"a":"\\"","type":"tick"}'],
    ['a key with an exponent', '{"type":1e3}'],
    ['a key with a line feed', '{"type":"ti\nck"}'],
    ['a text with a leading zero before the key', '{"a":01,"type":"tick"}'],
    ['a text with a number that ends with its point', '{"a":1.,"type":"tick"}'],
    ['a text with a number that starts with its point', '{"a":.5,"type":"tick"}'],
    ['a text with a minus without digits', '{"a":-,"type":"tick"}'],
    ['a text with an unknown literal', '{"a":undefined,"type":"tick"}'],
    ['a text with a literal that is too long', '{"a":nulls,"type":"tick"}'],
    ['a text without a colon', '{"type" "tick"}'],
    ['a text without a comma', '{"a":1 "type":"tick"}'],
    ['a text with an extra comma', '{,"type":"tick"}'],
    ['a key without a comma or brace after it', '{"type":"tick"x}'],
    ['a text that ends in the key', '{"type":"tick'],
    ['a text that ends after the key', '{"type":"tick"'],
    ['a text that ends before the key', '{"type":'],
    ['a name without quotes', '{type:"tick"}'],
  ]
  for (const [what, text] of unknown) {
    it(`finds no key in ${what}`, () => {
      expect(keyOf(text)).to.equal(undefined)
    })
  }

  it('searches 128 characters', () => {
    const textOf = (length: number): string => `{"a":"${'x'.repeat(length)}","type":"t"}`
    const most = 128 - textOf(0).length
    expect(keyOf(textOf(most))).to.equal('t')
    expect(keyOf(textOf(most + 1))).to.equal(undefined)
  })

  it('finds the same key as JSON.parse, or none (fuzz)', () => {
    let hits = 0
    fc.assert(
      fc.property(jsonObjects(), fc.constantFrom('type', 'e', 'a', ''), ({ text, names }, property) => {
        const key = keyOf(text, property)
        if (key === undefined) return
        hits += 1
        // If a name occurs twice, JSON.parse uses the last property. This uses the first one, as documented.
        const message = JSON.parse(firstOnly(text, names, property)) as Record<string, unknown>
        expect(key).to.equal(message[property])
      }),
      { numRuns: 5_000 },
    )
    expect(hits).to.be.above(100)
  })

  it('finds no key if the text before it is invalid (fuzz)', () => {
    fc.assert(
      fc.property(
        jsonObjects(),
        fc.nat(60),
        fc.constantFrom('', '"', '{', ',', ':', '0', '\\', 'x', '.'),
        (json, at, put) => {
          const text = json.text.slice(0, at) + put + json.text.slice(at + 1)
          const key = keyInText(text, 'type')
          if (!key) return
          // The text up to and including the key is valid JSON if the object ends there.
          const end = key.at + (typeof key.value === 'string' ? key.value.length + 2 : 0)
          const begun =
            typeof key.value === 'string' ? text.slice(0, end) : text.slice(0, key.at) + String(key.value)
          expect((JSON.parse(`${begun}}`) as { type: unknown }).type).to.equal(key.value)
        },
      ),
      { numRuns: 5_000 },
    )
  })
})

/** Text of an object, with the names of its members. */
interface JsonObject {
  readonly text: string
  readonly names: readonly string[]
}

const isRare = fc.constantFrom(true, ...Array<boolean>(7).fill(false))

const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n', '  ')

/** Texts of objects, in all notations that JSON allows. */
function jsonObjects(): fc.Arbitrary<JsonObject> {
  const name = fc.oneof(fc.constantFrom('type', 'type', 'e', 'a', 'types', ''), fc.string({ maxLength: 4 }))
  const scalar = fc.oneof(
    fc.string({ maxLength: 8, unit: 'binary' }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(true, false, null, 'tick', 1e21, -0.5),
  )
  const value = fc.oneof(
    { weight: 4, arbitrary: scalar },
    fc.array(scalar, { maxLength: 2 }),
    fc.dictionary(name, scalar, { maxKeys: 2 }),
  )
  const member = fc.tuple(name, value, space, space, isRare)
  return fc.array(member, { maxLength: 5 }).map((members) => ({
    names: members.map(([each]) => each),
    text: `{${members.map(([key, each, before, after, isEscaped]) => `${before}${written(key, isEscaped)}${after}:${before}${JSON.stringify(each)}${after}`).join()}}`,
  }))
}

/** Writes a string as JSON, either plainly or with every character escaped. */
function written(text: string, isEscaped: boolean): string {
  if (!isEscaped) return JSON.stringify(text)
  return `"${text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
}

/** Ends the object after the first member with this name, if there are several. */
function firstOnly(text: string, names: readonly string[], property: string): string {
  if (names.filter((name) => name === property).length < 2) return text
  const key = keyInText(text, property)
  const begun = text.slice(0, key?.at) + JSON.stringify(key?.value)
  return `${begun}}`
}
