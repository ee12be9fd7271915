import { describe, expect, test } from 'bun:test'
import { ASPECT_RATIOS, RESOLUTIONS } from '@darkroom/contracts/enums'
import { Generation, Submission } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
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

const MODEL: Model = {
  id: 'painter',
  name: 'Painter',
  provider: 'somebody',
  kind: 'image',
  note: null,
  aspectRatios: ['1:1', '3:2'],
  resolutions: [1024, 2048],
  durations: [],
  maxOutputs: 4,
  outputsPerCall: 1,
  maxReferences: 2,
  promptCharacters: 1_000,
  seed: true,
  negativePrompt: true,
  settings: {
    guidance: { type: 'number', label: 'Guidance', min: 1, max: 10, step: 0.5, default: 3.5 },
    style: { type: 'choice', label: 'Style', choices: ['plain', 'vivid'], default: 'plain' },
  },
  cost: null,
  estimatedSeconds: 4,
  estimatedSecondsEach: 1,
  maxSeconds: 600,
  learnedSeconds: {},
}

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
  seed: fc.boolean(),
  negativePrompt: fc.boolean(),
  maxOutputs: fc.integer({ min: 1, max: 10 }),
  durations: fc.constantFrom<number[]>([], [4, 8]),
})

describe('a submission', () => {
  test('matches the contract and stays within the limits of the model', () => {
    fc.assert(
      fc.property(drafts, models, (draft, features) => {
        const model = { ...MODEL, ...features }
        const { parameters } = Submission.parse(toSubmission(draft, model, randomUuid()))
        expect(model.aspectRatios).toContain(parameters.aspectRatio)
        expect(model.resolutions).toContain(parameters.resolution)
        expect(parameters.numOutputs).toBeLessThanOrEqual(model.maxOutputs)
        expect(model.seed || parameters.seed === undefined).toBe(true)
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
