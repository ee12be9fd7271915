import { describe, expect, test } from 'bun:test'
import type { Model, ModelInput, Operation } from '@darkroom/contracts/model'
import { createOptimisticGeneration } from '../composer/draft.ts'
import { buildModel } from '../composer/model.fixture.ts'
import { buildGeneration } from '../store/generation.fixture.ts'
import { createAgainSubmission, createChildSubmission } from './child-submission.ts'
import { listVerbModels, listVerbs } from './list-verbs.ts'
import { formatHint } from './output-verbs.ts'

const generation = buildGeneration({ model: 'painter', outputs: 2, parameters: { ...PARAMETERS(), seed: 7 } })
const [output] = generation.outputs
if (!output) throw new Error('the fixture has no output')
const NONE: ReadonlySet<string> = new Set()

function PARAMETERS() {
  return { aspectRatio: '3:2', resolution: '1536x1024', numOutputs: 2 }
}

function buildInput(role: ModelInput['role'], min = 0): ModelInput {
  return { role, min, max: 1, maxBytes: null, types: [], needsPublicUrl: false }
}

function priced(id: string, micros: number, operations: Operation[], fields: Partial<Model> = {}): Model {
  return buildModel({
    id,
    name: id.toUpperCase(),
    operations,
    price: { kind: 'per-output', currency: 'USD', micros },
    ...fields,
  })
}

function listed(models: Model[], favourites = NONE) {
  return listVerbs(generation, output as NonNullable<typeof output>, { models, favourites }).map(
    ({ verb, model }) => `${verb} ${model.id}`,
  )
}

describe('verbs of an output', () => {
  test('are those of the connected models, and nothing without one', () => {
    expect(listed([])).toEqual([])
    expect(listed([priced('painter', 1, ['generate'], { inputs: [] })])).toEqual(['again painter'])
    const masked = priced('fill', 1, ['generate', 'edit', 'inpaint'], { mask: 'alpha-is-edit' })
    expect(listed([masked])).toEqual(['vary fill', 'reference fill', 'edit fill', 'change-part fill'])
    const all = priced('all', 1, ['upscale', 'remove-background'], { inputs: [buildInput('source')] })
    expect(listed([all])).toEqual(['upscale all', 'remove-background all'])
  })

  test('of a model without a mask, of a broken connection, or that needs more images are not offered', () => {
    expect(listed([priced('fill', 1, ['inpaint'], { inputs: [buildInput('source')] })])).toEqual([])
    expect(listed([priced('fill', 1, ['edit'], { inputs: [buildInput('source')] })])).toEqual([
      'vary fill',
      'edit fill',
    ])
    expect(listed([priced('fill', 1, ['edit'], { connectionState: 'no-credit' })])).toEqual([])
    expect(listed([priced('fill', 1, ['edit'], { connectionState: 'limited' })])).toContain('edit fill')
    const styled = { inputs: [buildInput('source'), buildInput('style', 1)] }
    expect(listed([priced('styled', 1, ['edit'], styled)])).toEqual([])
  })

  test('are an upscale by each factor, where the result is not too large', () => {
    const enlarger = (factor: number, maxSide = 4_096) =>
      buildModel({
        ...{ id: `x${factor}`, operations: ['upscale'], price: { kind: 'free' }, inputs: [buildInput('source', 1)] },
        sizes: { kind: 'scale', factor, maxSide, maxPixels: 20_000_000, auto: true },
      })
    const other = { ...enlarger(2), id: 'other' }
    expect(listed([enlarger(2), enlarger(4), other])).toEqual(['upscale x2', 'upscale x4'])
    expect(listed([enlarger(2), enlarger(4)], new Set(['x4']))).toEqual(['upscale x4', 'upscale x2'])
    expect(listed([enlarger(2), enlarger(4, 4_095), priced('dear', 1, ['upscale'])])).toContain('upscale dear')
    expect(listed([enlarger(2), enlarger(4, 4_095)])).toEqual(['upscale x2'])
  })

  test('animate needs a video model, which does nothing else', () => {
    const video = priced('film', 1, ['animate'], {
      kind: 'video',
      durations: [5],
      inputs: [buildInput('first-frame', 1)],
    })
    expect(listed([video])).toEqual(['animate film'])
  })

  test('of a video or a lost output are not offered', () => {
    const models = [priced('painter', 1, ['generate', 'edit'])]
    const video = { ...(output as NonNullable<typeof output>), kind: 'video' as const }
    const lost = { ...(output as NonNullable<typeof output>), url: null, state: 'lost' as const }
    for (const other of [video, lost])
      expect(listVerbs(generation, other, { models, favourites: NONE }).map(({ verb }) => verb)).toEqual(['again'])
  })

  test('prefer the own model, then the favourites in their order, then the cheapest', () => {
    const models = ['dear', 'cheap', 'liked', 'loved'].map((id, index) =>
      priced(id, [9, 1, 8, 7][index] ?? 0, ['edit']),
    )
    const unpriced = buildModel({ id: 'unknown', operations: ['edit'] })
    const order = (all: Model[], favourites: string[]) =>
      listVerbModels('edit', generation, output as NonNullable<typeof output>, {
        models: all,
        favourites: new Set(favourites),
      }).map(({ id }) => id)
    expect(order([unpriced, ...models], [])).toEqual(['cheap', 'loved', 'liked', 'dear', 'unknown'])
    expect(order(models, ['loved', 'liked'])).toEqual(['loved', 'liked', 'cheap', 'dear'])
    expect(order([...models, priced('painter', 50, ['edit'])], ['loved'])[0]).toBe('painter')
  })
})

describe('a child', () => {
  const request = (verb: 'vary' | 'upscale' | 'edit', model: Model) => ({
    ...{ generation, verb, model },
    output: output as NonNullable<typeof output>,
  })

  test('names its parent, and has the prompt and a new seed', () => {
    const model = priced('painter', 40_000, ['vary'], { seed: { min: 0, max: 9 }, maxOutputs: 3 })
    const child = createChildSubmission(request('vary', model), ['source'], 'id')
    expect(child).toMatchObject({
      prompt: generation.prompt,
      referenceRoles: ['source'],
      parent: { generationId: generation.id, outputIndex: 0, verb: 'vary' },
      parameters: { aspectRatio: '3:2', resolution: '1536x1024', numOutputs: 3 },
    })
    expect(child.parameters.seed).toBeUndefined()
  })

  test('has one output of the size of the picture, or twice that, as the model can', () => {
    const exact = createChildSubmission(request('edit', priced('a', 1, ['edit'])), ['reference'], 'id')
    expect(exact.parameters).toMatchObject({ aspectRatio: '1:1', resolution: '1024x1024', numOutputs: 1 })
    const auto = createChildSubmission(request('upscale', priced('a', 1, ['upscale'])), ['reference'], 'id')
    expect(auto.parameters.resolution).toBe('auto')
    const sides = [512, 2048].map(side => ({ width: side, height: side }))
    const fixed = { sizes: { kind: 'list' as const, sizes: sides, auto: false } }
    const larger = createChildSubmission(request('upscale', priced('a', 1, ['upscale'], fixed)), ['reference'], 'id')
    expect(larger.parameters.resolution).toBe('2048x2048')
    const sizes = { kind: 'scale', factor: 4, maxSide: 8_192, maxPixels: 20_000_000, auto: true } as const
    const enlarger = buildModel({ operations: ['upscale'], inputs: [buildInput('source', 1)], sizes })
    const wide = {
      ...request('upscale', enlarger),
      output: { ...request('upscale', enlarger).output, width: 999, height: 512 },
    }
    const scaled = createChildSubmission(wide, ['source'], 'id')
    expect(scaled.parameters).toMatchObject({ aspectRatio: '29:15', resolution: 'auto' })
    const source = { id: null, url: '/media/a.png', previewUrl: '/media/a.png', width: 999, height: 512 }
    const { outputs } = createOptimisticGeneration(scaled, enlarger, [source], generation.createdAt)
    expect(outputs).toMatchObject([{ width: 3_996, height: 2_048 }])
  })

  test('says its price, and its model if that is another one', () => {
    expect(formatHint(request('edit', priced('painter', 40_000, ['edit'])))).toBe('about $0.04')
    expect(formatHint(request('vary', priced('other', 40_000, ['vary'])))).toBe('OTHER, about $0.16')
    expect(formatHint(request('edit', buildModel({ id: 'painter' })))).toBe('')
  })
})

describe('again', () => {
  test('is the same submission with another seed, and a child stays that of its parent', () => {
    const model = buildModel({ id: 'painter', seed: { min: 0, max: 9 } })
    const submission = createAgainSubmission(generation, model, 'id')
    expect(submission.parameters).toEqual({ aspectRatio: '3:2', resolution: '1536x1024', numOutputs: 2 })
    expect(submission.parent).toEqual({ generationId: generation.id, outputIndex: 0, verb: 'again' })
    const parent = { generationId: '01930000-0000-7000-8000-000000000009', outputIndex: 2, verb: 'vary' }
    expect(createAgainSubmission({ ...generation, parent }, model, 'id').parent).toEqual(parent)
  })
})
