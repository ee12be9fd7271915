import { ASPECT_RATIOS, RESOLUTIONS } from '@darkroom/contracts/enums'
import type { Model } from '@darkroom/contracts/model'

/** A model with every capability that ingest validates. For tests. */
export const demoModel: Model = {
  id: 'demo',
  name: 'Demo',
  provider: 'demo',
  kind: 'image',
  note: null,
  aspectRatios: [...ASPECT_RATIOS],
  resolutions: [...RESOLUTIONS],
  durations: [],
  maxOutputs: 10,
  outputsPerCall: 10,
  maxReferences: 16,
  promptCharacters: 32_000,
  seed: true,
  negativePrompt: true,
  settings: { grain: { type: 'number', label: 'Grain', min: 0, max: 1, step: 0.1, default: 0.5 } },
  cost: null,
  estimatedSeconds: 2,
  estimatedSecondsEach: 1,
  maxSeconds: 600,
  learnedSeconds: {},
}
