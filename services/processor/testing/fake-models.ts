import { ASPECT_RATIOS, RESOLUTIONS } from '@darkroom/contracts/enums'
import { LIMITS } from '@darkroom/contracts/limits'
import type { Model } from '@darkroom/contracts/model'
import { BYTES_MODEL } from '@darkroom/infra/testing/fake-provider/wire'

const COMMON = {
  provider: 'fake',
  kind: 'image',
  note: 'For tests: a patterned colour, made by no AI model.',
  aspectRatios: [...ASPECT_RATIOS],
  resolutions: [...RESOLUTIONS],
  durations: [],
  maxOutputs: LIMITS.outputs,
  outputsPerCall: 4,
  maxReferences: LIMITS.references,
  promptCharacters: LIMITS.promptCharacters,
  seed: true,
  negativePrompt: true,
  settings: {
    steps: { type: 'number', label: 'Steps', min: 1, max: 50, step: 1, default: 20 },
    style: { type: 'choice', label: 'Style', choices: ['plain', 'vivid'], default: 'plain' },
  },
  cost: { amount: 0.01, currency: 'USD' },
  estimatedSeconds: 1,
  estimatedSecondsEach: 0.5,
  maxSeconds: 600,
  learnedSeconds: {},
} satisfies Partial<Model>

/** A model that is polled until its URLs are ready, and one that responds with bytes. */
export const FAKE_MODELS: readonly Model[] = [
  { ...COMMON, id: 'fake-image', name: 'Fake' },
  { ...COMMON, id: BYTES_MODEL, name: 'Fake, as bytes' },
]
