import { expect, test } from 'bun:test'
import { findOtherModel } from './ran-model.ts'

test.each([
  ['openai/gpt-image-2', 'openai', 'gpt-image-2'],
  ['openai/gpt-image-2', 'openai', 'gpt-image-2-2026-04-21'],
  ['google/gemini-3-pro-image', 'google', 'models/gemini-3-pro-image-preview'],
  ['google-2/veo-3.1-generate-preview', 'google-2', 'veo-3.1-generate-001'],
  [
    'replicate/black-forest-labs/flux-schnell',
    'replicate',
    'black-forest-labs/flux-schnell:c846a69991daf4c0e5d016514849d14ee5b2e6846ce6b9d6f21369e564cfe51e',
  ],
  ['mine/Flux', 'mine', ' flux '],
])('%s is what ran, at %s, as %s', (id, connection, reported) => {
  expect(findOtherModel(id, connection, reported)).toBeNull()
})

test.each([
  ['openai/gpt-image-2', 'openai', 'gpt-image-1-mini'],
  ['openai/gpt-image-2', 'openai', 'gpt-image-2.5-flare'],
  ['fal/fal-ai/flux/dev', 'fal', 'fal-ai/flux/schnell'],
])('%s is not what ran, at %s, as %s', (id, connection, reported) => {
  expect(findOtherModel(id, connection, reported)).toBe(reported)
})
