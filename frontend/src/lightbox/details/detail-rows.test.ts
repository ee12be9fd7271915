import { expect, test } from 'bun:test'
import { buildModel } from '../../composer/model.fixture.ts'
import { buildGeneration } from '../../store/generation.fixture.ts'
import { listMedia, type MediaItem } from '../gallery.ts'
import { formatOutputCost, listDetails } from './detail-rows.ts'

const COST = { amount: 0.16, currency: 'USD', estimated: false }

test('lists settings by their titles, then when it was made, how long it took and what it cost', () => {
  const generation = buildGeneration({
    outputs: [{ bytes: 2_100_000, mimeType: 'image/png' }, {}, {}, {}],
    parameters: { aspectRatio: '1:1', seed: 4471, settings: { steps: 28, raw: true }, negativePrompt: 'people' },
    cost: COST,
  })
  const model = buildModel({ name: 'FLUX.2 pro', settings: { steps: { type: 'integer', title: 'Steps' } } })
  const [settings = [], circumstances = []] = listDetails(listMedia(generation)[0] as MediaItem, model)
  expect(settings.map(({ name, value }) => `${name}: ${value}`)).toEqual([
    'Model: FLUX.2 pro',
    expect.stringContaining('Connection: '),
    'Size: 1024 × 1024, 1:1',
    'Steps: 28',
    'raw: on',
    'Left out: people',
    'Seed: 4471',
    'File: PNG, 2.1 MB',
  ])
  expect(settings.filter(({ isCopied }) => isCopied).map(({ name }) => name)).toEqual(['Seed'])
  expect(circumstances.map(({ name }) => name)).toEqual(['Made', 'Time taken', 'Cost'])
  expect(circumstances.at(-1)?.value).toBe('$0.04 of $0.16, as billed')
  const imported = listMedia({ ...generation, author: 'Ada' })[0] as MediaItem
  expect(listDetails(imported, model).flat()).toContainEqual({ name: 'Made by', value: 'Ada' })
})

test('gives the length of a video, and the length asked for where it is another', () => {
  const lengthOf = (requested: number | undefined, duration: number | null) => {
    const parameters = requested === undefined ? {} : { duration: requested }
    const generation = buildGeneration({ kind: 'video', outputs: [{ kind: 'video', duration }], parameters })
    const [settings = []] = listDetails(listMedia(generation)[0] as MediaItem, undefined)
    return settings.find(({ name }) => name === 'Length')?.value
  }
  expect(lengthOf(5, 5.04)).toBe('5 s')
  expect(lengthOf(5, 4)).toBe('5 s asked for, 4 s made')
  expect(lengthOf(5, 0.4)).toBe('5 s asked for, 0.4 s made')
  expect(lengthOf(undefined, 6)).toBe('6 s')
  expect(lengthOf(5, null)).toBe('5 s asked for')
  expect(lengthOf(undefined, null)).toBeUndefined()
})

test('shares the cost among the outputs that were made, and reports an estimate as one', () => {
  const costOf = (fields: Parameters<typeof buildGeneration>[0]) => formatOutputCost(buildGeneration(fields), undefined)
  expect(costOf({ outputs: 1, cost: COST })).toBe('$0.16, as billed')
  expect(costOf({ outputs: [{}, {}, { state: 'failed' }], cost: { ...COST, estimated: true } })).toBe(
    '$0.08 of $0.16, estimated',
  )
  expect(costOf({ outputs: 2, cost: { ...COST, amount: 0 } })).toBe('free')
  expect(costOf({ outputs: 2, cost: null })).toBeUndefined()
})
