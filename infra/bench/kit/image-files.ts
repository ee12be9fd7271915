/** What is uploaded: both sides make it, so that the server need not work out what it can know. */
export interface Files {
  /** The first part of their addresses. */
  name: 'small' | 'large'
  count: number
  /** Of each. */
  bytes: number
}

export const SMALL: Files = { name: 'small', count: 8, bytes: 1_500_000 }
export const LARGE: Files = { name: 'large', count: 8, bytes: 50_000_000 }

export const PROVIDER_MS = 50
export const STORE_MS = 80

export const SERVER = { region: 'us-east-1', accessKeyId: 'bench', secretAccessKey: 'bench-secret' }
export const BUCKET = 'bench'

/** Different ones that do not compress, the same in every process; each is a video, so far as that can be told. */
export function makeFiles({ count, bytes }: Files): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, index) => {
    const file = noise(bytes, index + 1)
    const movie = box('moov', box('mvhd', words(0, 0, 0, 1_000, 1_000)), box('trak', trackHeader(), handler()))
    const head = Buffer.concat([box('ftyp', ascii('isom'), words(0), ascii('mp42')), movie])
    file.set(head)
    file.set(Buffer.concat([words(bytes - head.byteLength), ascii('mdat')]), head.byteLength)
    return file
  })
}

function noise(bytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const numbers = new Uint32Array(bytes / 4)
  // xorshift32 by Marsaglia: cheap, and anything but regular.
  let state = seed
  for (let at = 0; at < numbers.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    numbers[at] = state
  }
  return new Uint8Array(numbers.buffer)
}

function trackHeader(): Buffer {
  return box('tkhd', Buffer.alloc(76), words(1920 << 16, 1080 << 16))
}

function handler(): Buffer {
  return box('mdia', box('hdlr', words(0, 0), ascii('vide')))
}

function box(type: string, ...content: Uint8Array[]): Buffer {
  const inside = Buffer.concat(content)
  return Buffer.concat([words(inside.byteLength + 8), ascii(type), inside])
}

function words(...numbers: number[]): Buffer {
  return Buffer.from(Uint32Array.from(numbers).buffer).swap32()
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
