import { expect, test } from 'bun:test'
import { assert, constantFrom, integer, property, uint8Array } from 'fast-check'
import { rgbaToThumbHash, thumbHashToRGBA } from 'thumbhash'
import { drawThumbhash } from './thumbhash-bitmap.ts'

const SIZES = [
  [100, 100],
  [100, 75],
  [75, 100],
  [100, 30],
  [9, 100],
] as const

test('draws the pixels that the package draws', () => {
  const images = property(
    constantFrom(...SIZES),
    uint8Array({ minLength: 64, maxLength: 64 }),
    ([width, height], noise) => {
      const pixels = Uint8Array.from({ length: width * height * 4 }, (_, at) =>
        at % 4 === 3 ? 255 : (noise[(at * 7) % 64] ?? 0),
      )
      const hash = rgbaToThumbHash(width, height, pixels)
      const { w, h, rgba } = thumbHashToRGBA(hash)
      expect(readBitmap(drawThumbhash(hash, 32))).toEqual({ width: w, height: h, pixels: withoutAlpha(rgba) })
    },
  )
  assert(images, { numRuns: 40 })
})

test('draws any opaque bytes, in any size, and nothing else', () => {
  const hashes = property(uint8Array({ maxLength: 30 }), integer({ min: 1, max: 32 }), (hash, edge) => {
    const bitmap = drawThumbhash(hash, edge)
    if (hash.length < 6 || (hash[2] ?? 0) > 127) return expect(bitmap).toBeUndefined()
    const { width, height } = readBitmap(bitmap)
    expect(Math.max(width, height)).toBe(edge)
  })
  assert(hashes)
})

/** Reads a bitmap of 24 bits a pixel, and checks the sizes in its header. */
function readBitmap(bytes: Uint8Array = new Uint8Array()) {
  const view = new DataView(bytes.buffer)
  const [width, height, start] = [view.getInt32(18, true), view.getInt32(22, true), view.getUint32(10, true)]
  const rowBytes = Math.ceil((width * 3) / 4) * 4
  expect([String.fromCharCode(...bytes.subarray(0, 2)), view.getUint32(2, true), view.getUint16(28, true)]).toEqual([
    'BM',
    bytes.length,
    24,
  ])
  expect(bytes.length).toBe(start + rowBytes * height)
  const readPixel = (x: number, y: number) =>
    [...bytes.subarray(start + (height - 1 - y) * rowBytes + x * 3).subarray(0, 3)].toReversed()
  const pixels = Array.from({ length: width * height }, (_, at) => readPixel(at % width, Math.floor(at / width))).flat()
  return { width, height, pixels }
}

function withoutAlpha(rgba: Uint8Array): number[] {
  return [...rgba].filter((_, at) => at % 4 !== 3)
}
