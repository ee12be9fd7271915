import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ASPECT_RATIOS, RESOLUTIONS } from './enums.ts'
import { SubmittedParameters } from './generation.ts'
import type { Sizes } from './model.ts'
import { computeSize, formatRatio, listAspectRatios, listResolutions, type PixelSize, resolveSize } from './size.ts'

const ratio = fc.constantFrom(...ASPECT_RATIOS)
const resolution = fc.constantFrom(...RESOLUTIONS)

test('edges are multiples of 8, area and ratio match the request within 3 %', () => {
  fc.assert(
    fc.property(ratio, resolution, (requested, side) => {
      const { width, height } = computeSize(requested, side)
      const [across = 0, down = 0] = requested.split(':').map(Number)
      expect([width % 8, height % 8]).toEqual([0, 0])
      expect(Math.abs((width * height) / side ** 2 - 1)).toBeLessThan(0.03)
      expect(Math.abs(width / height / (across / down) - 1)).toBeLessThan(0.03)
    }),
    { numRuns: 500 },
  )
})

test('an inverted ratio swaps width and height', () => {
  for (const side of RESOLUTIONS) {
    const { width, height } = computeSize('16:9', side)
    expect(computeSize('9:16', side)).toEqual({ width: height, height: width })
  }
})

test('a square has the requested side', () => {
  expect(RESOLUTIONS.map(side => computeSize('1:1', side))).toEqual(
    RESOLUTIONS.map(side => ({ width: side, height: side })),
  )
})

const side = fc.integer({ min: 8, max: 512 }).map(steps => steps * 8)
const sizes: fc.Arbitrary<Sizes> = fc.oneof(
  fc.record({
    kind: fc.constant('grid' as const),
    step: fc.constantFrom(1, 8, 16, 64),
    minSide: fc.integer({ min: 1, max: 1_024 }),
    maxSide: fc.integer({ min: 512, max: 4_096 }),
    minPixels: fc.integer({ min: 1, max: 1_100_000 }),
    maxPixels: fc.integer({ min: 200_000, max: 16_000_000 }),
    maxRatio: fc.constantFrom(1, 1.5, 2, 21 / 9, 3),
    auto: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('list' as const),
    sizes: fc.array(fc.record({ width: side, height: side }), { minLength: 1, maxLength: 8 }),
    auto: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('ratio' as const),
    ratios: fc.subarray(['1:1', '3:2', '4:5', '21:9', '1:4'], { minLength: 1 }),
    tiers: fc.subarray(
      [
        { name: '1K', side: 1_024 },
        { name: '2K', side: 2_048 },
      ],
      { minLength: 1 },
    ),
    auto: fc.boolean(),
  }),
)

test('every size that is offered is accepted, is within the limits of the model, and can be submitted', () => {
  fc.assert(
    fc.property(sizes, given => {
      for (const aspectRatio of listAspectRatios(given)) {
        const resolutions = listResolutions(given, aspectRatio)
        expect(resolutions.length).toBeGreaterThan(0)
        for (const resolution of resolutions) {
          const size = resolveSize(given, { aspectRatio, resolution })
          expect(SubmittedParameters.safeParse({ aspectRatio, resolution }).success).toBe(true)
          if (!size) throw new Error(`${aspectRatio} ${resolution} is offered, and not accepted`)
          if (resolution !== 'auto') expectWithin(given, size, aspectRatio)
        }
      }
    }),
    { numRuns: 1_000 },
  )
})

function expectWithin(given: Sizes, size: PixelSize, aspectRatio: string): void {
  const { width, height } = size
  const [across = 0, down = 0] = aspectRatio.split(':').map(Number)
  if (given.kind === 'list') expect(given.sizes).toContainEqual(size)
  if (given.kind === 'ratio') expect(width / height / (across / down)).toBeCloseTo(1, 1)
  if (given.kind !== 'grid') return
  const [short, long, area] = [Math.min(width, height), Math.max(width, height), width * height]
  const isWithin = short >= given.minSide && long <= given.maxSide && area >= given.minPixels && area <= given.maxPixels
  expect({ ...size, isWithin, remainders: [width % given.step, height % given.step] }).toMatchObject({
    isWithin: true,
    remainders: [0, 0],
  })
  expect(long / short).toBeLessThanOrEqual(given.maxRatio * 1.01)
}

test('the size of a model that enlarges is a multiple of its image, within its limits, and nothing else', () => {
  const scale: Sizes = { kind: 'scale', factor: 4, maxSide: 8_192, maxPixels: 20_000_000, auto: true }
  const auto = { aspectRatio: '1:1', resolution: 'auto' }
  expect(resolveSize(scale, auto, { width: 1_023, height: 511 })).toEqual({ width: 4_092, height: 2_044 })
  expect(resolveSize(scale, auto)).toEqual({ width: 4_096, height: 4_096 })
  expect(resolveSize(scale, auto, { width: 2_049, height: 100 })).toBeUndefined()
  expect(resolveSize(scale, auto, { width: 1_200, height: 1_200 })).toBeUndefined()
  expect(resolveSize(scale, { aspectRatio: '1:1', resolution: '4096x4096' }, { width: 9, height: 9 })).toBeUndefined()
  expect([listAspectRatios(scale), listResolutions(scale, '1:1')]).toEqual([[], ['auto']])
})

const GRID = {
  kind: 'grid',
  step: 16,
  minSide: 64,
  maxSide: 3_840,
  minPixels: 655_360,
  maxPixels: 8_294_400,
  maxRatio: 3,
  auto: true,
} satisfies Sizes
const LIST: Sizes = {
  kind: 'list',
  sizes: [
    { width: 1536, height: 1024 },
    { width: 1024, height: 1024 },
    { width: 768, height: 512 },
  ],
  auto: false,
}
const RATIO: Sizes = {
  kind: 'ratio',
  ratios: ['16:9'],
  tiers: [{ name: '2K', side: 2_048 }],
  auto: false,
}

test.each([
  [GRID, '3:2', 1024, { width: 1248, height: 832 }],
  [GRID, '1:1', '3840x2160', { width: 3840, height: 2160 }],
  [GRID, '1:1', '3840x2161', undefined],
  [GRID, '1:1', '3856x2160', undefined],
  [GRID, '1:1', 512, undefined],
  [GRID, '4:1', 1024, undefined],
  [GRID, '1:1', '1024', undefined],
  [LIST, '3:2', '1536x1024', { width: 1536, height: 1024 }],
  [LIST, '3:2', 1024, { width: 1536, height: 1024 }],
  [LIST, '3:2', 512, { width: 768, height: 512 }],
  [LIST, '1:1', '1024x1536', undefined],
  [LIST, '16:9', 1024, undefined],
  [LIST, '1:1', 'auto', undefined],
  [RATIO, '16:9', '2K', { width: 2728, height: 1536 }],
  [RATIO, '16:9', 2048, { width: 2728, height: 1536 }],
  [RATIO, '1:1', '2K', undefined],
  [RATIO, '16:9', '4K', undefined],
] as const)('%#: %o %s %s', (given, aspectRatio, resolution, expected) => {
  expect(resolveSize(given, { aspectRatio, resolution })).toEqual(expected)
})

test('an image of size `auto` has the ratio of the first reference until it is there', () => {
  const choice = { aspectRatio: '1:1', resolution: 'auto' }
  expect(resolveSize(GRID, choice)).toEqual({ width: 1024, height: 1024 })
  const { width = 0, height = 0 } = resolveSize(GRID, choice, { width: 4000, height: 1000 }) ?? {}
  expect([width / height, Math.sqrt(width * height)]).toEqual([4, 1024])
})

test('formats ratios of real sizes as people know them', () => {
  const real = ['1536x1024', '1024x1792', '1344x768', '1360x768', '1x999', '999x1', '832x1248']
  const formatted = real.map(text => {
    const [width = 0, height = 0] = text.split('x').map(Number)
    return formatRatio({ width, height })
  })
  expect(formatted).toEqual(['3:2', '4:7', '7:4', '16:9', '1:999', '999:1', '2:3'])
})
