import { expect, test } from 'bun:test'
import { assert, boolean, constantFrom, integer, property, uint8Array } from 'fast-check'
import { rgbaToThumbHash, thumbHashToRGBA } from 'thumbhash'
import { drawThumbhash } from './thumbhash-icon.ts'

const SIZES = [
  [100, 100],
  [100, 75],
  [75, 100],
  [100, 30],
  [9, 100],
] as const

test('draws the pixels that the package draws, transparent ones as well', () => {
  const noise = uint8Array({ minLength: 64, maxLength: 64 })
  const images = property(constantFrom(...SIZES), noise, boolean(), ([width, height], noise, isOpaque) => {
    const valueAt = (at: number) => (isOpaque && at % 4 === 3 ? 255 : (noise[(at * 7) % 64] ?? 0))
    const hash = rgbaToThumbHash(
      width,
      height,
      Uint8Array.from({ length: width * height * 4 }, (_, at) => valueAt(at)),
    )
    const { w, h, rgba } = thumbHashToRGBA(hash)
    expect(readIcon(drawThumbhash(hash, 32))).toEqual({ width: w, height: h, pixels: [...rgba] })
  })
  assert(images, { numRuns: 60 })
})

test('draws any bytes, in any size', () => {
  const hashes = property(uint8Array({ maxLength: 30 }), integer({ min: 1, max: 32 }), (hash, edge) => {
    const icon = drawThumbhash(hash, edge)
    if (hash.length < 6) return expect(icon).toBeUndefined()
    const { width, height } = readIcon(icon)
    expect(Math.max(width, height)).toBe(edge)
  })
  assert(hashes)
})

/** Reads an icon of one bitmap of 32 bits a pixel, and checks the sizes in its headers. */
function readIcon(bytes: Uint8Array = new Uint8Array()) {
  const view = new DataView(bytes.buffer)
  expect([0, 2, 4].map(at => view.getUint16(at, true))).toEqual([0, 1, 1])
  const [length, from] = [view.getUint32(14, true), view.getUint32(18, true)]
  const [header, width, doubleHeight] = [0, 4, 8].map(at => view.getUint32(from + at, true)) as [number, number, number]
  const height = doubleHeight / 2
  expect([...bytes.subarray(6, 8)]).toEqual([width, height])
  expect([view.getUint16(12, true), view.getUint16(from + 14, true)]).toEqual([32, 32])
  expect([from + length, header, length]).toEqual([bytes.length, 40, 40 + 4 * width * height + 4 * height])
  const readPixel = (x: number, y: number) => {
    const [blue = 0, green = 0, red = 0, alpha = 0] = bytes.subarray(from + header + 4 * ((height - 1 - y) * width + x))
    return [red, green, blue, alpha]
  }
  const pixels = Array.from({ length: width * height }, (_, at) => readPixel(at % width, Math.floor(at / width))).flat()
  return { width, height, pixels }
}
