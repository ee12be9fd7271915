/** Files that are uploaded. Client and server generate the same ones, so the server knows their hashes beforehand. */
export interface FileSet {
  /** First segment of their URLs. */
  name: 'small' | 'large'
  count: number
  /** Size of each file. */
  bytes: number
}

export const SMALL_FILES: FileSet = { name: 'small', count: 8, bytes: 1_500_000 }
export const LARGE_FILES: FileSet = { name: 'large', count: 8, bytes: 50_000_000 }

export const PROVIDER_DELAY_MS = 50
export const STORE_DELAY_MS = 80

export const S3_SETTINGS = { region: 'us-east-1', accessKeyId: 'bench', secretAccessKey: 'bench-secret' }
export const BUCKET = 'bench'

/** Returns distinct, incompressible files, the same in every process. Each has the boxes of an MP4 video. */
export function createVideoFiles({ count, bytes }: FileSet): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, index) => {
    const file = createNoise(bytes, index + 1)
    const movie = createBox(
      'moov',
      createBox('mvhd', encodeUint32(0, 0, 0, 1_000, 1_000)),
      createBox('trak', createTrackHeader(), createHandler()),
    )
    const head = Buffer.concat([createBox('ftyp', encodeAscii('isom'), encodeUint32(0), encodeAscii('mp42')), movie])
    file.set(head)
    file.set(Buffer.concat([encodeUint32(bytes - head.byteLength), encodeAscii('mdat')]), head.byteLength)
    return file
  })
}

function createNoise(bytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const numbers = new Uint32Array(bytes / 4)
  // xorshift32 (Marsaglia): cheap, and its output does not compress.
  let state = seed
  for (let at = 0; at < numbers.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    numbers[at] = state
  }
  return new Uint8Array(numbers.buffer)
}

function createTrackHeader(): Buffer {
  return createBox('tkhd', Buffer.alloc(76), encodeUint32(1920 << 16, 1080 << 16))
}

function createHandler(): Buffer {
  return createBox('mdia', createBox('hdlr', encodeUint32(0, 0), encodeAscii('vide')))
}

function createBox(type: string, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([encodeUint32(body.byteLength + 8), encodeAscii(type), body])
}

function encodeUint32(...numbers: number[]): Buffer {
  return Buffer.from(Uint32Array.from(numbers).buffer).swap32()
}

function encodeAscii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
