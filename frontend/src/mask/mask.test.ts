import { describe, expect, test } from 'bun:test'
import { crc32, inflateSync } from 'node:zlib'
import { encodeMaskPng } from './encode-png.ts'
import { createMaskDocument } from './mask-document.ts'
import { applyChange, computeMarkedShare, createRaster, type MaskRaster, paintPoints } from './rasterise.ts'
import { type BrushPoint, EMPTY_HISTORY, listChanges, MAX_UNDO } from './strokes.ts'

const SIZE = { width: 40, height: 24 }

/** Paints by distances alone, pixel by pixel: an expectation that shares nothing with the rasteriser. */
function paintByDistance({ width, height }: typeof SIZE, points: readonly BrushPoint[]): number[] {
  return Array.from({ length: width * height }, (_, index) => {
    const pixel = { x: (index % width) + 0.5, y: Math.floor(index / width) + 0.5 }
    const isNear = points.some((end, position) => distance(pixel, points[position - 1] ?? end, end) <= end.radius)
    return isNear ? 255 : 0
  })
}

function distance(pixel: { x: number; y: number }, start: BrushPoint, end: BrushPoint): number {
  const along = { x: end.x - start.x, y: end.y - start.y }
  const square = along.x ** 2 + along.y ** 2
  const share = square === 0 ? 0 : ((pixel.x - start.x) * along.x + (pixel.y - start.y) * along.y) / square
  const nearest = Math.min(1, Math.max(0, share))
  return Math.hypot(pixel.x - start.x - nearest * along.x, pixel.y - start.y - nearest * along.y)
}

function toText({ width, height, data }: MaskRaster): string {
  const rows = Array.from({ length: height }, (_, row) => [...data.subarray(row * width, (row + 1) * width)])
  return rows.map(row => row.map(value => (value === 255 ? '#' : '.')).join('')).join('\n')
}

describe('the rasteriser', () => {
  test('marks the pixels whose centres are in the circle', () => {
    const raster = createRaster({ width: 7, height: 7 })
    const rect = paintPoints(raster, [{ x: 3.5, y: 3.5, radius: 2 }], false)
    expect(toText(raster)).toBe(
      ['.......', '...#...', '..###..', '.#####.', '..###..', '...#...', '.......'].join('\n'),
    )
    expect(rect).toEqual({ left: 1, top: 1, right: 6, bottom: 6 })
  })

  test.each([
    ['a point', [{ x: 11.3, y: 9.7, radius: 4.2 }]],
    [
      'a level line',
      [
        { x: 5.1, y: 9.3, radius: 3.3 },
        { x: 30.4, y: 9.3, radius: 3.3 },
      ],
    ],
    [
      'an upright line',
      [
        { x: 9.2, y: 3.1, radius: 2.7 },
        { x: 9.2, y: 20.4, radius: 2.7 },
      ],
    ],
    [
      'a slanted line',
      [
        { x: 4.3, y: 3.1, radius: 3.7 },
        { x: 33.2, y: 19.9, radius: 3.7 },
      ],
    ],
    [
      'a line with pressure',
      [
        { x: 4.3, y: 20.1, radius: 1.2 },
        { x: 20.2, y: 4.9, radius: 5.1 },
        { x: 36.1, y: 9.3, radius: 2.2 },
      ],
    ],
    [
      'a line over the edge',
      [
        { x: -6.2, y: 5.3, radius: 4.4 },
        { x: 50.2, y: 28.1, radius: 4.4 },
      ],
    ],
  ])('paints %s as its distances say', (_, points) => {
    const raster = createRaster(SIZE)
    paintPoints(raster, points, false)
    expect([...raster.data]).toEqual(paintByDistance(SIZE, points))
  })

  test('erases, inverts and clears', () => {
    const raster = createRaster(SIZE)
    applyChange(raster, { kind: 'invert' })
    expect(computeMarkedShare(raster)).toBe(1)
    applyChange(raster, { kind: 'stroke', erases: true, points: [{ x: 20, y: 12, radius: 5 }] })
    const around = [...raster.data]
    expect(around).toEqual(paintByDistance(SIZE, [{ x: 20, y: 12, radius: 5 }]).map(value => 255 - value))
    applyChange(raster, { kind: 'clear' })
    expect(computeMarkedShare(raster)).toBe(0)
  })
})

const dot = (x: number) => ({ x, y: 12, radius: 3 })
function setUp() {
  const rects: unknown[] = []
  const mask = createMaskDocument({ size: SIZE, history: EMPTY_HISTORY, onChange: rect => rects.push(rect) })
  const paint = (x: number) => {
    mask.begin(dot(x), false)
    mask.extend(dot(x + 4))
    mask.end()
  }
  return { mask, paint, rects }
}

describe('a mask document', () => {
  test('undoes and redoes strokes, clearing and inverting, pixel by pixel', () => {
    const { mask, paint } = setUp()
    const states = [[...mask.raster.data]]
    for (const step of [
      () => paint(5),
      () => paint(25),
      () => mask.apply({ kind: 'invert' }),
      () => mask.apply({ kind: 'clear' }),
    ]) {
      step()
      states.push([...mask.raster.data])
    }
    for (const state of states.slice(0, -1).toReversed()) {
      mask.undo()
      expect([...mask.raster.data]).toEqual(state)
    }
    expect(mask.isEmpty()).toBe(true)
    for (const state of states.slice(1)) {
      mask.redo()
      expect([...mask.raster.data]).toEqual(state)
    }
  })

  test('forgets what was undone when something else is painted', () => {
    const { mask, paint } = setUp()
    paint(5)
    mask.undo()
    paint(25)
    expect(mask.history().undone).toEqual([])
  })

  test('takes back a stroke that is cancelled', () => {
    const { mask, paint } = setUp()
    paint(5)
    const before = [...mask.raster.data]
    mask.begin(dot(25), false)
    mask.cancel()
    expect([...mask.raster.data]).toEqual(before)
    expect(mask.history().done).toHaveLength(1)
  })
})

describe('the history of a mask', () => {
  test('undoes a bounded number of changes, and loses none of the others', () => {
    const { mask, paint } = setUp()
    for (let index = 0; index < MAX_UNDO + 20; index += 1) paint(5 + (index % 20))
    const all = [...mask.raster.data]
    expect(mask.history().done).toHaveLength(MAX_UNDO)
    for (let index = 0; index < MAX_UNDO + 20; index += 1) mask.undo()
    expect(listChanges(mask.history())).toHaveLength(20)
    for (let index = 0; index < MAX_UNDO; index += 1) mask.redo()
    expect([...mask.raster.data]).toEqual(all)
  })

  test('drops old changes that were cleared', () => {
    const { mask, paint } = setUp()
    for (let index = 0; index < 10; index += 1) paint(5)
    mask.apply({ kind: 'clear' })
    for (let index = 0; index < MAX_UNDO; index += 1) paint(9)
    expect(mask.history().settled).toEqual([])
  })

  test('is the same again when it is opened with its history', () => {
    const { mask, paint } = setUp()
    paint(5)
    mask.apply({ kind: 'invert' })
    const again = createMaskDocument({ size: SIZE, history: mask.history(), onChange: () => undefined })
    expect([...again.raster.data]).toEqual([...mask.raster.data])
    expect(again.isEmpty()).toBe(false)
  })
})

describe('the file of a mask', () => {
  test.each([
    ['a small image', SIZE],
    ['a large image', { width: 3_000, height: 2_001 }],
  ])('is a grey PNG of the size of %s, white where it is to be changed', async (_, size) => {
    const raster = createRaster(size)
    const end = { x: size.width - 5.2, y: size.height - 6.1, radius: 4.4 }
    paintPoints(raster, [{ x: 4.3, y: 3.1, radius: 3.7 }, end], false)
    expect(computeMarkedShare(raster)).toBeGreaterThan(0)
    const { header, pixels } = decodeGreyPng(await encodeMaskPng(raster))
    expect(header).toEqual([size.width, size.height, 8, 0])
    expect(Buffer.compare(pixels, raster.data)).toBe(0)
  })
})

/** Decodes a PNG of 8-bit grey whose rows have no filter. @throws Error if a checksum is wrong */
function decodeGreyPng(bytes: Uint8Array): { header: number[]; pixels: Buffer } {
  const file = Buffer.from(bytes)
  const chunks = new Map<string, Buffer>()
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at)
    const checked = file.subarray(at + 4, at + 8 + length)
    if (crc32(checked) !== file.readUInt32BE(at + 8 + length)) throw new Error('the checksum is wrong')
    chunks.set(checked.subarray(0, 4).toString(), checked.subarray(4))
    at += 12 + length
  }
  const header = chunks.get('IHDR') ?? Buffer.alloc(13)
  const width = header.readUInt32BE(0)
  const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0))
  const pixels = rows.filter((_, index) => index % (width + 1) > 0)
  return { header: [width, header.readUInt32BE(4), header[8] ?? 0, header[9] ?? 0], pixels: Buffer.from(pixels) }
}
