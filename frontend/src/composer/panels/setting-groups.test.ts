import { expect, test } from 'bun:test'
import { isValidSetting } from '@darkroom/contracts/model-fields'
import fc from 'fast-check'
import { SETTINGS } from '../model.fixture.ts'
import { clampNumber, groupSettings, isSlider } from './setting-groups.ts'

test('groups settings in their order, without those that have no effect', () => {
  const names = (format: string) =>
    groupSettings(SETTINGS, { format }).map(({ title, settings }) => [title, settings.map(([name]) => name)])
  expect(names('png')).toEqual([
    [null, ['quality', 'background']],
    ['File', ['format']],
  ])
  expect(names('jpeg')).toEqual([
    [null, ['quality', 'background']],
    ['File', ['format', 'compression']],
  ])
})

test('puts a setting without an order last', () => {
  const settings = { late: { type: 'boolean', title: 'Late' }, ...SETTINGS } as const
  expect(groupSettings(settings, {})[0]?.settings.map(([name]) => name)).toEqual(['quality', 'background', 'late'])
})

test('shows a slider only where it can reach each value and has one to start from', () => {
  const number = { type: 'number', title: 'A', minimum: 0, maximum: 1 } as const
  expect(isSlider({ ...number, default: 0.5 })).toBe(true)
  expect(isSlider(number)).toBe(false)
  expect(isSlider({ type: 'number', title: 'A', minimum: 0, default: 1 })).toBe(false)
  expect(isSlider({ type: 'integer', title: 'A', minimum: 0, maximum: 100_000, default: 1 })).toBe(false)
})

test('clamps a typed number to one that the setting may have', () => {
  const ranges = fc.record({ low: fc.integer({ min: -50, max: 0 }), high: fc.integer({ min: 1, max: 50 }) })
  const steps = fc.constantFrom(undefined, 0.1, 0.5, 1)
  fc.assert(
    fc.property(ranges, steps, fc.double({ noNaN: true, min: -1e9, max: 1e9 }), ({ low, high }, step, typed) => {
      const setting = {
        type: 'number',
        title: 'A',
        minimum: low,
        maximum: high,
        ...(step && { multipleOf: step }),
      } as const
      const value = clampNumber(setting, typed)
      expect(value !== undefined && isValidSetting(setting, value)).toBe(true)
    }),
  )
  expect(clampNumber({ type: 'integer', title: 'A', maximum: 10 }, 99.6)).toBe(10)
  expect(clampNumber({ type: 'integer', title: 'A' }, Number.NaN)).toBeUndefined()
})
