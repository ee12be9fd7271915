import { expect, test } from 'bun:test'
import { buildModel } from '../composer/model.fixture.ts'
import { buildGeneration } from '../store/generation.fixture.ts'
import { createElsewhere, createElsewhereSubmission, listOtherModels } from './elsewhere.ts'

const OWN = buildModel({
  id: 'openai/gpt-image-2',
  name: 'gpt-image-2',
  connection: 'openai',
  connectionState: 'no-credit',
})
const SAME = buildModel({ id: 'proxy/gpt-image-2', name: 'gpt-image-2', connection: 'proxy', connectionName: 'Proxy' })
const FLUX = buildModel({ id: 'bfl/flux-2', name: 'FLUX.2', connection: 'bfl', price: { kind: 'free' } })
const DOWN = buildModel({ id: 'fal/gpt-image-2', name: 'gpt-image-2', connection: 'fal', connectionState: 'failing' })
const VIDEO = buildModel({ id: 'bfl/video', name: 'Video', connection: 'bfl', kind: 'video', durations: [5] })
const MODELS = [OWN, FLUX, DOWN, VIDEO, SAME]

const WAITING = buildGeneration({
  status: 'queued',
  model: 'openai/gpt-image-2',
  waiting: { reason: 'no-credit', until: null },
  parameters: { aspectRatio: '3:2', resolution: 1024, numOutputs: 8, seed: 7, settings: { quality: 'high' } },
})
const FAILED = buildGeneration({
  status: 'failed',
  model: 'openai/gpt-image-2',
  error: { code: 'payment_required', message: 'No credit.' },
  outputs: [{ state: 'failed' }],
})

test('offers models of other connections that work, the most similar first, with time and price', () => {
  for (const generation of [WAITING, FAILED])
    expect(listOtherModels(generation, MODELS).map(({ id }) => id)).toEqual(['proxy/gpt-image-2', 'bfl/flux-2'])
  const options = { models: () => MODELS, sendChild: () => {}, notify: () => {} }
  expect(createElsewhere(options).listElsewhere(FAILED)).toMatchObject([
    { label: 'gpt-image-2 · Proxy', hint: 'about 24 s, price unknown' },
    { label: 'FLUX.2 · Bfl', hint: 'about 24 s, free' },
  ])
})

test('offers nothing for what goes on by itself, or has an outcome that nobody knows, or lacks a model that can', () => {
  const unknown = { ...FAILED, error: { code: 'unknown_outcome', message: 'Unknown.' } }
  const refused = { ...FAILED, error: { code: 'content_refused', message: 'Refused.' } }
  const inQueue = { ...WAITING, waiting: { reason: 'provider-queue', until: null } as const }
  for (const generation of [
    unknown,
    refused,
    inQueue,
    buildGeneration(),
    { ...FAILED, deletedAt: '2026-11-22T12:00:00Z' },
  ])
    expect(listOtherModels(generation, MODELS)).toEqual([])
  const reference = { id: null, url: '/media/a', previewUrl: '/media/a', width: 8, height: 8 }
  const withImages = { ...WAITING, references: [reference, reference, reference] }
  expect(listOtherModels(withImages, MODELS)).toEqual([])
})

test('sends what was wanted within the limits of the other model, in the place of the generation', () => {
  expect(createElsewhereSubmission(WAITING, SAME, 'client')).toEqual({
    clientId: 'client',
    prompt: WAITING.prompt,
    model: 'proxy/gpt-image-2',
    parameters: { aspectRatio: '3:2', resolution: '1536x1024', numOutputs: 4 },
    insteadOf: WAITING.id,
  })
})
