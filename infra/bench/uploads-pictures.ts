/** What is uploaded: both sides make it, so that the server need not work out what it can know. */
export const COUNT = 8
export const BYTES = 1_500_000

export const PROVIDER_MS = 50
export const STORE_MS = 80

export const SERVER = { region: 'us-east-1', accessKeyId: 'bench', secretAccessKey: 'bench-secret' }
export const BUCKET = 'bench'

/** Eight different ones that do not compress, the same in every process. */
export function makePictures(): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: COUNT }, (_, index) => {
    const words = new Uint32Array(BYTES / 4)
    // xorshift32 by Marsaglia: cheap, and anything but regular.
    let state = index + 1
    for (let at = 0; at < words.length; at++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      words[at] = state
    }
    return new Uint8Array(words.buffer)
  })
}
