import { createWireJobs, type WireJobs } from '../provider-fakes/wire-jobs.ts'
import type { ImageCall } from './image-call.ts'

/** An image that is made in the background. */
export interface BackgroundImage {
  call: ImageCall
  /** Drawn when it is first asked for. */
  images: string[]
  fault: string | null
}

/** A video that is made. */
export interface VideoWork {
  tier: string
  ratio: string
  seconds: number
  fault: string | null
}

export interface ListedModel {
  name: string
  displayName?: string
  supportedGenerationMethods?: string[]
}

/** State of the fake, beside what every fake has. */
export interface FakeState {
  models: readonly unknown[]
  /** Models that do not run in the background; `all` of them. */
  refusing: ReadonlySet<string> | 'all'
  /** Returns the number of the next image. */
  nextSerial(): number
  readonly interactions: WireJobs<BackgroundImage>
  readonly operations: WireJobs<VideoWork>
}

const IMAGE = { supportedGenerationMethods: ['generateContent', 'countTokens', 'batchGenerateContent'] }
const VIDEO = { supportedGenerationMethods: ['predictLongRunning'] }

/** [D] https://ai.google.dev/api/models; which names there are is [D, third party]. */
const MODELS: readonly ListedModel[] = [
  { name: 'models/gemini-3.8-flash', displayName: 'Gemini 3.8 Flash', ...IMAGE },
  { name: 'models/gemini-nano-banana-2.1', displayName: 'Nano Banana 2.1', ...IMAGE },
  { name: 'models/gemini-3-pro-image-preview', displayName: 'Nano Banana Pro Preview', ...IMAGE },
  { name: 'models/gemini-3-pro-image', displayName: 'Nano Banana Pro', ...IMAGE },
  { name: 'models/gemini-3.1-flash-lite-image', displayName: 'Nano Banana 2 Lite', ...IMAGE },
  { name: 'models/imagen-4.0-generate-001', displayName: 'Imagen 4', supportedGenerationMethods: ['predict'] },
  { name: 'models/veo-3.1-generate-preview', displayName: 'Veo 3.1', ...VIDEO },
  { name: 'models/veo-3.1-lite-generate-preview', displayName: 'Veo 3.1 Lite', ...VIDEO },
]

export function createFakeState(): FakeState {
  let serial = 0
  return {
    models: MODELS,
    refusing: new Set(),
    nextSerial: () => {
      serial += 1
      return serial
    },
    interactions: createWireJobs(),
    operations: createWireJobs(),
  }
}
