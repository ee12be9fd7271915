import { describe, expect, test } from 'bun:test'
import { ASPECT_RATIOS, RESOLUTIONS } from '@darkroom/contracts/enums'
import { Generation, Submission } from '@darkroom/contracts/generation'
import type { Model, ModelSpec, Sizes } from '@darkroom/contracts/model'
import { toModel } from '@darkroom/contracts/model-fields'
import { resolveSize } from '@darkroom/contracts/size'
import fc from 'fast-check'
import { randomUuid } from '../ui/uuid.ts'
import {
  adaptToModel,
  createOptimisticGeneration,
  type Draft,
  EMPTY_DRAFT,
  parseDraft,
  resolveModel,
  toDraft,
  toSubmission,
} from './draft.ts'
import { buildModel, SETTINGS } from './model.fixture.ts'

const GRID: Sizes = {
  kind: 'grid',
  step: 8,
  minSide: 64,
  maxSide: 4_096,
  minPixels: 4_096,
  maxPixels: 4_300_000,
  maxRatio: 1.5,
  auto: false,
}
const SIZES: Sizes[] = [
  GRID,
  { kind: 'list', sizes: [{ width: 1536, height: 1024 }], auto: true },
  { kind: 'ratio', ratios: ['16:9'], tiers: [{ name: '2K', side: 2048 }], auto: false },
]

const SPEC: ModelSpec = {
  id: 'painter',
  name: 'Painter',
  connection: 'somebody',
  kind: 'image',
  note: null,
  operations: ['generate', 'edit'],
  sizes: GRID,
  durations: [],
  maxOutputs: 4,
  outputsPerCall: 1,
  inputs: [{ role: 'reference', min: 0, max: 2, maxBytes: null, types: [], needsPublicUrl: false }],
  mask: 'none',
  promptCharacters: 1_000,
  seed: { min: 0, max: 1_000 },
  negativePrompt: true,
  settings: {
    guidance: { type: 'number', title: 'Guidance', minimum: 1, maximum: 10, multipleOf: 0.5, default: 3.5 },
    style: { type: 'string', title: 'Style', enum: ['plain', 'vivid'], default: 'plain' },
  },
  price: { kind: 'unknown' },
  answers: 'job',
  resume: 'by-id',
  cancel: 'no',
  previews: false,
  progress: false,
  outputSeconds: null,
  retiresAt: null,
  source: 'catalogue',
  estimatedSeconds: 4,
  estimatedSecondsEach: 1,
  maxSeconds: 600,
}
const MODEL = toModel(SPEC)

const drafts: fc.Arbitrary<Draft> = fc.record({
  prompt: fc.constantFrom('a boat', 'snow'),
  model: fc.constantFrom(null, 'painter', 'gone'),
  aspectRatio: fc.constantFrom(...ASPECT_RATIOS),
  resolution: fc.constantFrom(...RESOLUTIONS),
  numOutputs: fc.integer({ min: 0, max: 20 }),
  duration: fc.option(fc.integer({ min: 1, max: 60 })),
  seed: fc.option(fc.nat()),
  negativePrompt: fc.constantFrom('', ' ', 'text'),
  settings: fc.constantFrom({}, { guidance: 4 }, { guidance: 99, style: 'vivid' }, { other: true, style: 'odd' }),
})

const models = fc.record({
  seed: fc.constantFrom(null, { min: 0, max: 1_000 }, { min: 5, max: 10 }),
  sizes: fc.constantFrom(...SIZES),
  negativePrompt: fc.boolean(),
  maxOutputs: fc.integer({ min: 1, max: 10 }),
  durations: fc.constantFrom<number[]>([], [4, 8]),
})

describe('a submission', () => {
  test('matches the contract and stays within the limits of the model', () => {
    fc.assert(
      fc.property(drafts, models, (draft, features) => {
        const model: Model = toModel({ ...SPEC, ...features })
        const { parameters } = Submission.parse(toSubmission(draft, model, randomUuid()))
        expect(resolveSize(model.sizes, parameters)).toBeDefined()
        expect(parameters.numOutputs).toBeLessThanOrEqual(model.maxOutputs)
        const { seed = null } = parameters
        expect(seed === null || (model.seed !== null && seed >= model.seed.min && seed <= model.seed.max)).toBe(true)
        expect(model.negativePrompt || parameters.negativePrompt === undefined).toBe(true)
        expect(parameters.duration === undefined || model.durations.includes(parameters.duration)).toBe(true)
        for (const name of Object.keys(parameters.settings ?? {})) expect(Object.keys(model.settings)).toContain(name)
      }),
    )
  })

  test('is shown as a valid generation, except for its version, until the studio has answered', () => {
    fc.assert(
      fc.property(drafts, draft => {
        const submission = toSubmission(draft, MODEL, randomUuid())
        const shown = createOptimisticGeneration(submission, MODEL, [], '2026-11-22T12:00:00.000Z')
        expect(Generation.safeParse({ ...shown, version: 1 }).success).toBe(true)
        expect(shown.version).toBe(0)
        expect(shown.outputs).toHaveLength(submission.parameters.numOutputs)
      }),
    )
  })

  test('has outputs of their final size before they are made', () => {
    const submission = toSubmission({ ...EMPTY_DRAFT, aspectRatio: '3:2', resolution: 1024 }, MODEL, randomUuid())
    expect(createOptimisticGeneration(submission, MODEL, [], '')).toMatchObject({
      outputs: [{ width: 1256, height: 840 }],
    })
  })
})

test('adapting a draft is idempotent', () => {
  fc.assert(
    fc.property(drafts, draft => {
      const adapted = adaptToModel(draft, MODEL)
      expect(adaptToModel(adapted, MODEL)).toEqual(adapted)
    }),
  )
})

test('reusing a generation restores the whole draft', () => {
  const draft: Draft = {
    ...EMPTY_DRAFT,
    prompt: 'a boat',
    model: 'painter',
    aspectRatio: '3:2',
    resolution: 2048,
    numOutputs: 3,
    seed: 7,
    negativePrompt: 'people',
    settings: { guidance: 4.5, style: 'vivid' },
  }
  const generation = createOptimisticGeneration(toSubmission(draft, MODEL, randomUuid()), MODEL, [], '')
  expect(toDraft(generation)).toEqual(draft)
})

test('sends only settings that have an effect, and forgets none of the others', () => {
  const model = buildModel({ settings: SETTINGS })
  const draft = {
    ...EMPTY_DRAFT,
    settings: { format: 'png', compression: 50, background: 'transparent', mood: 'grey' },
  }
  expect(toSubmission(draft, model, randomUuid()).parameters.settings).toEqual({
    format: 'png',
    background: 'transparent',
  })
  const jpeg = { ...draft, settings: { ...draft.settings, format: 'jpeg' } }
  expect(toSubmission(jpeg, model, randomUuid()).parameters.settings).toHaveProperty('compression', 50)
})

test('sends a seed within the range of the model', () => {
  const seedOf = (seed: number) => toSubmission({ ...EMPTY_DRAFT, seed }, MODEL, randomUuid()).parameters.seed
  expect([seedOf(7), seedOf(9_999_999)]).toEqual([7, 1_000])
})

test('reserves the ratio of the first reference for a size that the model chooses, and its price', () => {
  const model = buildModel({ price: { kind: 'per-output', currency: 'USD', micros: 40_000 } })
  const draft = { ...EMPTY_DRAFT, resolution: 'auto', numOutputs: 4 }
  const submission = toSubmission(draft, model, randomUuid())
  const reference = { id: null, url: '/media/a', previewUrl: '/media/a', width: 3_000, height: 2_000 }
  const shown = createOptimisticGeneration(submission, model, [reference], '')
  expect(submission.parameters.resolution).toBe('auto')
  expect(shown.outputs[0]).toMatchObject(resolveSize(model.sizes, submission.parameters, { width: 3, height: 2 }) ?? {})
  expect(shown.cost).toEqual({ amount: 0.16, currency: 'USD', estimated: true })
})

test('parses any stored text, and restores a draft that was stored', () => {
  expect(parseDraft(null)).toEqual(EMPTY_DRAFT)
  expect(parseDraft('not json')).toEqual(EMPTY_DRAFT)
  expect(parseDraft('[1]')).toEqual(EMPTY_DRAFT)
  fc.assert(fc.property(fc.json(), text => parseDraft(text).prompt !== undefined))
  fc.assert(fc.property(drafts, draft => expect(parseDraft(JSON.stringify(draft))).toEqual(draft)))
})

test('resolves a model that is not offered to the first of the list', () => {
  expect(resolveModel({ ...EMPTY_DRAFT, model: 'gone' }, [MODEL])).toBe(MODEL)
  expect(resolveModel(EMPTY_DRAFT, [])).toBeUndefined()
})
