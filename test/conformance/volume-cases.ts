import { BINARY, TEXT } from '../support/raw-server.js'
import { aBinary, aText, delivers } from './case.js'
import type { ConformanceCase } from './case.js'
import { binary, bytes, fragmented, parts, text } from './wire.js'

const KIB = 1024
const MIB = 1024 * KIB
const KINDS = [
  { opcode: TEXT, name: 'text', frame: text, told: aText, pattern: Buffer.from('BAsd7&jh23') },
  { opcode: BINARY, name: 'binary', frame: binary, told: aBinary, pattern: bytes('00 fe 23 fa f0') },
] as const

/** A case that is created only when it is played, because all of them together are about 150 MB. */
export interface MadeLate {
  readonly id: string
  make(): ConformanceCase
}

function numbered<T>(
  section: number,
  all: readonly T[],
  make: (each: T, id: string) => ConformanceCase,
): MadeLate[] {
  return all.map((each, index) => {
    const id = `9.${section}.${index + 1}`
    return { id, make: () => make(each, id) }
  })
}

const SIZES = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB]
const FRAGMENT_SIZES = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB]
const CHOP_SIZES = [64, 128, 256, 512, KIB, 2 * KIB]
const FLOOD_SIZES = [0, 16, 64, 256, KIB, 4 * KIB]

/** Section 9: size and number. Its first two subsections are 9.1 for text and 9.2 for binary, and so on. */
export const volume: readonly (readonly [title: string, readonly MadeLate[]])[] = KINDS.flatMap(
  ({ opcode, name, frame, told, pattern }, kind) => {
    const whole = (size: number): Buffer => Buffer.alloc(size, pattern)
    return [
      [
        `9.${1 + kind} ${name} of 64 KiB to 16 MiB`,
        numbered(1 + kind, SIZES, (size, id) =>
          delivers(id, `${name} of ${size} bytes`, [frame(whole(size))], [told(whole(size))]),
        ),
      ],
      [
        `9.${3 + kind} ${name} of 4 MiB in fragments of 64 bytes to 4 MiB`,
        numbered(3 + kind, FRAGMENT_SIZES, (size, id) => {
          const fragments = Buffer.concat(fragmented(opcode, whole(4 * MIB), size))
          const limits = { maxFragments: (4 * MIB) / size }
          return delivers(id, `fragments of ${size} bytes`, [fragments], [told(whole(4 * MIB))], { limits })
        }),
      ],
      [
        `9.${5 + kind} ${name} of 1 MiB in chops of 64 bytes to 2 KiB`,
        numbered(5 + kind, CHOP_SIZES, (size, id) =>
          delivers(id, `chops of ${size} bytes`, parts(frame(whole(MIB)), size), [told(whole(MIB))]),
        ),
      ],
      [
        `9.${7 + kind} 1000 ${name} messages of 0 to 4096 bytes`,
        numbered(7 + kind, FLOOD_SIZES, (size, id) => {
          const frames = Array<Buffer>(1_000).fill(frame(whole(size)))
          const all = Array<string>(1_000).fill(told(whole(size)))
          return delivers(id, `1000 messages of ${size} bytes`, frames, all)
        }),
      ],
    ]
  },
)
