import type { Random } from '../../../testing/random.ts'

const TAGS = [0x01_0e, 0x01_0f, 0x01_10, 0x01_12, 0x87_69, 0x88_25, 0x92_86, 0xa0_05, 0x9c_9c]
const NUMBERS = [0, 1, 4, 8, 64, 65_535, 2 ** 31, 2 ** 32 - 1]

/** Creates EXIF metadata: directories whose offsets lead anywhere, to themselves and out of the file too. */
export function createExif(random: Random): Buffer {
  const header = Buffer.from('49492a0008000000', 'hex')
  const directories = Array.from({ length: 1 + random.nextInt(4) }, () => createDirectory(random))
  return Buffer.concat([header, ...directories, random.bytes(random.nextInt(200))])
}

function createDirectory(random: Random): Buffer {
  const entries = Array.from({ length: random.nextInt(12) }, () => createEntry(random))
  const count = Buffer.alloc(2)
  count.writeUInt16LE(random.oneIn(4) ? 65_535 : entries.length)
  const next = Buffer.alloc(4)
  next.writeUInt32LE(random.pick(NUMBERS))
  return Buffer.concat([count, ...entries, next])
}

function createEntry(random: Random): Buffer {
  const entry = Buffer.alloc(12)
  entry.writeUInt16LE(random.pick(TAGS), 0)
  entry.writeUInt16LE(random.nextInt(14), 2)
  entry.writeUInt32LE(random.pick(NUMBERS), 4)
  entry.writeUInt32LE(random.pick(NUMBERS), 8)
  return entry
}
