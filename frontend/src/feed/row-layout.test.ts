import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import fc from 'fast-check'
import { buildGeneration } from '../store/generation.fixture.ts'
import { LINE_HEIGHT } from './meta/meta-layout.ts'
import { computeGeometry, layoutRow, META_GAP, type RowState } from './row-layout.ts'

const AT_REST: RowState = { promptHeight: null, reservesMediaSpace: false, refusalMessage: null }
const DENSITIES = ['large', 'medium', 'small'] as const

test('is never higher at a smaller density, at any width', () => {
  const outputs = fc.array(fc.record({ width: fc.integer({ min: 200, max: 900 }), height: fc.constant(500) }), {
    minLength: 1,
    maxLength: 10,
  })
  fc.assert(
    fc.property(outputs, fc.integer({ min: 320, max: 2_600 }), (shapes, width) => {
      const [large = 0, medium = 0] = DENSITIES.map(
        density =>
          layoutRow(buildGeneration({ outputs: shapes }), computeGeometry({ width, density }), AT_REST).block.height,
      )
      expect(medium).toBeLessThanOrEqual(large * 1.2 + shapes.length)
    }),
  )
})

test('scales the images by the height of the window, and on a phone only the large ones', () => {
  const capOf = (width: number, height: number) => computeGeometry({ width, height }).maxMediaHeight
  expect(capOf(1440, 900)).toBe(430)
  expect(capOf(1440, 1_200)).toBeGreaterThan(capOf(1440, 900))
  expect([capOf(390, 844), capOf(390, 700)]).toEqual([500, 500])
})

test('lets the text stand beside its images, wherever they end', () => {
  const geometry = computeGeometry({ width: 1440 })
  expect(geometry).toMatchObject({ form: 'beside', left: 64, mediaWidth: 988, rowGap: 40 })
  const full = layoutRow(buildGeneration({ outputs: 4 }), geometry, AT_REST)
  expect([full.block.width, full.meta.width]).toEqual([986, 294])
  const single = layoutRow(buildGeneration(), geometry, AT_REST)
  expect([single.block.width, single.meta.width]).toEqual([430, 400])
})

test('makes a row as high as its images or its text, whichever is higher', () => {
  const geometry = computeGeometry({ width: 1440 })
  const generation = buildGeneration({ outputs: 4 })
  const row = layoutRow(generation, geometry, AT_REST)
  expect(row.height).toBe(row.block.height)
  const opened = layoutRow(generation, geometry, { ...AT_REST, promptHeight: 2_000 })
  expect(opened.height).toBe(opened.meta.height)
  expect(opened.meta.height - row.meta.height).toBe(2_000 + LINE_HEIGHT - row.meta.promptHeight)
})

test('puts the text above the images on a phone, and in one line above a contact strip', () => {
  const phone = layoutRow(buildGeneration({ outputs: 4 }), computeGeometry({ width: 390 }), AT_REST)
  expect(phone.height).toBe(phone.meta.height + phone.block.height)
  expect(phone.block.width).toBe(358)
  const strip = layoutRow(buildGeneration({ outputs: 4 }), computeGeometry({ width: 1440, density: 'small' }), AT_REST)
  expect([strip.meta.height, strip.block.height, strip.height]).toEqual([32, 132, 164])
})

test('reserves a line for the parent, and lines for the references and for a message', () => {
  const geometry = computeGeometry({ width: 390 })
  const heightOf = (generation: Generation) => layoutRow(generation, geometry, AT_REST).meta.height
  const plain = heightOf(buildGeneration({ outputs: 2 }))
  const parent = { generationId: '01930000-0000-7000-8000-000000000002', outputIndex: 0, verb: 'vary' }
  expect(heightOf(buildGeneration({ outputs: 2, parent })) - plain).toBe(44)
  const reference = { id: null, url: '/media/a.png', previewUrl: '/media/a.png', width: null, height: null }
  expect(
    heightOf(buildGeneration({ outputs: 2, references: Array.from({ length: 8 }, () => reference) })) - plain,
  ).toBe(8 + 2 * 44 + 6)
  expect(heightOf(buildGeneration({ outputs: [{}, { state: 'temporary' }] }))).toBeGreaterThan(plain)
})

test('leaves a finger the space it needs for the actions, beside the images and above a contact strip', () => {
  const heightAt = (density: 'large' | 'small', isCoarse: boolean, width = 1180) =>
    layoutRow(buildGeneration({ outputs: 1 }), computeGeometry({ width, density, isCoarse }), AT_REST).meta.height
  expect(heightAt('large', true) - heightAt('large', false)).toBe(44 - 32)
  expect(heightAt('small', true)).toBe(44 + 8)
  expect(heightAt('large', true, 390)).toBe(heightAt('large', false, 390))
})

test('leaves deleted outputs out', () => {
  const geometry = computeGeometry({ width: 1440 })
  const { block } = layoutRow(
    buildGeneration({ outputs: [{}, { state: 'deleted', url: null }, {}] }),
    geometry,
    AT_REST,
  )
  expect(block).toEqual(layoutRow(buildGeneration({ outputs: 2 }), geometry, AT_REST).block)
})

test('reserves the boxes of a generation that failed while it was shown, and not of one that was loaded as failed', () => {
  const geometry = computeGeometry({ width: 1440 })
  const failed = buildGeneration({ outputs: 4, status: 'failed' })
  const seen = layoutRow(failed, geometry, { ...AT_REST, reservesMediaSpace: true })
  const read = layoutRow(failed, geometry, AT_REST)
  expect(seen.height).toBe(layoutRow({ ...failed, status: 'processing' }, geometry, AT_REST).height)
  expect([read.block.width, read.block.height]).toEqual([660, 144])
})

test('is never wider than the window', () => {
  const anyWidth = fc.integer({ min: 320, max: 4_000 })
  fc.assert(
    fc.property(anyWidth, fc.constantFrom(...DENSITIES), fc.integer({ min: 1, max: 10 }), (width, density, outputs) => {
      const geometry = computeGeometry({ width, density })
      expect(geometry.left + geometry.contentWidth).toBeLessThan(width)
      expect(geometry.mediaWidth).toBeGreaterThan(200)
      const { block, meta } = layoutRow(buildGeneration({ outputs }), geometry, AT_REST)
      expect(block.width).toBeLessThanOrEqual(geometry.mediaWidth)
      const used = geometry.form === 'beside' ? block.width + META_GAP + meta.width : meta.width
      expect(used).toBeLessThanOrEqual(geometry.contentWidth)
    }),
  )
})
