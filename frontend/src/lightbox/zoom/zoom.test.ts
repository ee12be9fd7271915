import { expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  clampView,
  cornerOf,
  fitScale,
  fitView,
  formatScale,
  isActualSize,
  isFit,
  panBy,
  panLimits,
  shownSize,
  stepScale,
  toggleView,
  type ZoomFrame,
  zoomAt,
} from './zoom.ts'

const sides = (min: number, max: number) =>
  fc.record({ width: fc.integer({ min, max }), height: fc.integer({ min, max }) })
const frames: fc.Arbitrary<ZoomFrame> = fc.record({
  image: sides(16, 12_000),
  viewport: sides(100, 4_000),
  pixelRatio: fc.constantFrom(1, 1.25, 1.5, 2, 3),
})
const points = fc.record({ x: fc.integer({ min: -1_500, max: 1_500 }), y: fc.integer({ min: -1_500, max: 1_500 }) })
const scales = fc.double({ min: 0.001, max: 50, noNaN: true })
const views = fc.record({
  scale: scales,
  x: fc.integer({ min: -9_999, max: 9_999 }),
  y: fc.integer({ min: -9_999, max: 9_999 }),
})

test('at Fit all of the image is visible, as large as the viewport or the file allow', () => {
  const check = (frame: ZoomFrame) => {
    const scale = fitScale(frame)
    const { width, height } = shownSize(frame, scale)
    expect(width).toBeLessThanOrEqual(frame.viewport.width + 0.001)
    expect(height).toBeLessThanOrEqual(frame.viewport.height + 0.001)
    const touches = width > frame.viewport.width - 0.001 || height > frame.viewport.height - 0.001
    expect(touches || scale === 1).toBe(true)
  }
  fc.assert(fc.property(frames, check))
  expect(fitScale({ image: { width: 64, height: 64 }, viewport: { width: 900, height: 900 }, pixelRatio: 2 })).toBe(1)
})

test('a view never leaves a gap that moving could close, and clamping it again changes nothing', () => {
  fc.assert(
    fc.property(frames, views, (frame, view) => {
      const clamped = clampView(frame, view)
      const limits = panLimits(frame, clamped.scale)
      expect(Math.abs(clamped.x)).toBeLessThanOrEqual(limits.x)
      expect(Math.abs(clamped.y)).toBeLessThanOrEqual(limits.y)
      expect(clampView(frame, clamped)).toEqual(clamped)
      expect(clamped.scale).toBeGreaterThanOrEqual(fitScale(frame))
      expect(clamped.scale).toBeLessThanOrEqual(8)
    }),
  )
})

test('zooming leaves the point of the image under the pointer, where no edge forbids it', () => {
  fc.assert(
    fc.property(frames, views, scales, points, (frame, from, scale, point) => {
      const view = clampView(frame, from)
      const next = zoomAt(frame, view, scale, point)
      const limits = panLimits(frame, next.scale)
      const atX = (point.x - view.x) / view.scale
      const isFree = Math.abs(next.x) < limits.x - 0.01
      if (isFree) expect((point.x - next.x) / next.scale).toBeCloseTo(atX, 3)
    }),
  )
})

test('zooming in and out again at one point returns to the same view, where no edge forbids it', () => {
  const frame = { image: { width: 4_000, height: 3_000 }, viewport: { width: 1_000, height: 800 }, pixelRatio: 1 }
  const start = { scale: 1, x: 120, y: -60 }
  const there = zoomAt(frame, start, 2, { x: 200, y: 100 })
  const back = zoomAt(frame, there, 1, { x: 200, y: 100 })
  expect(there).toEqual({ scale: 2, x: 40, y: -220 })
  expect(back).toEqual(start)
})

test('moving there and back returns to the same view within the limits', () => {
  const frame = { image: { width: 2_000, height: 1_000 }, viewport: { width: 1_000, height: 800 }, pixelRatio: 1 }
  const view = panBy(frame, { scale: 1, x: 0, y: 0 }, { x: 300, y: 900 })
  expect(view).toEqual({ scale: 1, x: 300, y: 100 })
  expect(panBy(frame, view, { x: -300, y: -100 })).toEqual({ scale: 1, x: 0, y: 0 })
})

test('at 1:1 a pixel of the file is a device pixel, on whole device pixels', () => {
  fc.assert(
    fc.property(frames, points, (frame, point) => {
      const view = zoomAt(frame, fitView(frame), 1, point)
      const { width } = shownSize(frame, view.scale)
      expect(width * frame.pixelRatio).toBeCloseTo(frame.image.width, 6)
      const { x, y } = cornerOf(frame, view)
      expect(x * frame.pixelRatio).toBeCloseTo(Math.round(x * frame.pixelRatio), 6)
      expect(y * frame.pixelRatio).toBeCloseTo(Math.round(y * frame.pixelRatio), 6)
    }),
  )
})

test('a double click changes between Fit and 1:1, and a small image goes to 2:1', () => {
  const large = { image: { width: 4_000, height: 3_000 }, viewport: { width: 1_000, height: 800 }, pixelRatio: 2 }
  const near = toggleView(large, fitView(large), { x: 100, y: 100 })
  expect(isActualSize(near)).toBe(true)
  expect(isFit(large, toggleView(large, near, { x: 0, y: 0 }))).toBe(true)
  const small = { image: { width: 64, height: 64 }, viewport: { width: 1_000, height: 800 }, pixelRatio: 1 }
  expect(toggleView(small, fitView(small), { x: 0, y: 0 }).scale).toBe(2)
})

test('the steps rise and fall, and end at both ends', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.06, max: 7, noNaN: true }), scale => {
      expect(stepScale(scale, 1)).toBeGreaterThan(scale)
      expect(stepScale(scale, -1)).toBeLessThan(scale)
    }),
  )
  expect([stepScale(0.79, 1), stepScale(0.79, -1), stepScale(8, 1)]).toEqual([1, 0.75, 8])
})

test('formats the scale as a percentage', () => {
  expect([0.79, 1, 0.085, 8, 0.05].map(formatScale)).toEqual(['79 %', '100 %', '8.5 %', '800 %', '5 %'])
})
