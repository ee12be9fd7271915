import { ASPECT_RATIOS, type AspectRatio, type Kind, RESOLUTIONS, type Resolution } from '@darkroom/contracts/enums'
import { estimateSeconds } from '@darkroom/contracts/estimate'
import type { Generation, Submission } from '@darkroom/contracts/generation'
import type { Model, Setting } from '@darkroom/contracts/model'
import type { Output } from '@darkroom/contracts/output'
import { type Scalar, sanitizeParameters } from '@darkroom/contracts/parameters'
import type { Reference } from '@darkroom/contracts/reference'
import { computeSize } from '@darkroom/contracts/size'

/** The content of the composer without its references. */
export interface Draft {
  prompt: string
  model: string | null
  aspectRatio: AspectRatio
  resolution: Resolution
  numOutputs: number
  duration: number | null
  seed: number | null
  negativePrompt: string
  settings: Record<string, Scalar>
}

export const EMPTY_DRAFT: Draft = {
  prompt: '',
  model: null,
  aspectRatio: '1:1',
  resolution: 1024,
  numOutputs: 1,
  duration: null,
  seed: null,
  negativePrompt: '',
  settings: {},
}

/** Parses a stored draft. A field that is missing or not valid is that of an empty draft. */
export function parseDraft(text: string | null): Draft {
  const stored = parseRecord(text)
  return {
    prompt: toText(stored.prompt),
    model: typeof stored.model === 'string' ? stored.model : null,
    aspectRatio: ASPECT_RATIOS.find(ratio => ratio === stored.aspectRatio) ?? '1:1',
    resolution: RESOLUTIONS.find(resolution => resolution === stored.resolution) ?? 1024,
    numOutputs: toWholeNumber(stored.numOutputs) ?? 1,
    duration: toWholeNumber(stored.duration),
    seed: toWholeNumber(stored.seed),
    negativePrompt: toText(stored.negativePrompt),
    settings: toScalars(stored.settings),
  }
}

/** Returns the draft that repeats a generation: its prompt, its model and every setting. */
export function toDraft({ prompt, model, parameters }: Pick<Generation, 'prompt' | 'model' | 'parameters'>): Draft {
  return parseDraft(JSON.stringify({ ...parameters, prompt, model }))
}

/** Returns the model of a draft: the one it names, else the first of the list. */
export function resolveModel(draft: Draft, models: readonly Model[]): Model | undefined {
  return models.find(model => model.id === draft.model) ?? models[0]
}

/** Returns the draft within the limits of a model. Fields that the model does not have stay, for a model that has them. */
export function adaptToModel(draft: Draft, model: Model): Draft {
  return {
    ...draft,
    model: model.id,
    aspectRatio: findOption(model.aspectRatios, draft.aspectRatio) ?? '1:1',
    resolution: findOption(model.resolutions, draft.resolution) ?? 1024,
    numOutputs: Math.min(Math.max(draft.numOutputs, 1), model.maxOutputs),
    duration: findOption(model.durations, draft.duration) ?? null,
    settings: filterSettings(draft.settings, model.settings),
  }
}

/** Returns the submission of a draft: only parameters that the model has, and of those only the chosen ones. */
export function toSubmission(draft: Draft, model: Model, clientId: string): Submission {
  const { prompt, aspectRatio, resolution, numOutputs, duration, seed, negativePrompt, settings } = adaptToModel(
    draft,
    model,
  )
  const parameters = {
    aspectRatio,
    resolution,
    numOutputs,
    ...(duration !== null && { duration }),
    ...(model.seed && seed !== null && { seed }),
    ...(model.negativePrompt && negativePrompt.trim() !== '' && { negativePrompt }),
    ...(Object.keys(settings).length > 0 && { settings }),
  }
  return { clientId, prompt, model: model.id, parameters }
}

/** Creates the generation that the feed shows for a submission until the studio has answered. */
export function createOptimisticGeneration(
  submission: Submission,
  model: Model,
  references: Reference[],
  createdAt: string,
): Generation {
  const { clientId = '', parameters, prompt } = submission
  const size = computeSize(parameters.aspectRatio, parameters.resolution)
  const outputs = Array.from({ length: parameters.numOutputs }, (_, index) =>
    createPendingOutput(index, model.kind, size),
  )
  return {
    ...OPTIMISTIC_FIELDS,
    id: clientId,
    clientId,
    prompt,
    model: model.id,
    kind: model.kind,
    parameters: sanitizeParameters(parameters),
    outputs,
    references,
    estimatedSeconds: estimateSeconds(model, parameters.numOutputs),
    createdAt,
  }
}

const OPTIMISTIC_FIELDS = {
  version: 0,
  status: 'queued',
  error: null,
  waiting: null,
  parent: null,
  cost: null,
  favourite: false,
  attempt: 0,
  progress: null,
  startedAt: null,
  completedAt: null,
  deletedAt: null,
} as const

function createPendingOutput(index: number, kind: Kind, size: { width: number; height: number }): Output {
  return {
    index,
    kind,
    state: 'pending',
    ...size,
    url: null,
    previewUrl: null,
    placeholder: null,
    bytes: null,
    mimeType: null,
    duration: null,
    favourite: false,
    expiresAt: null,
    error: null,
  }
}

function filterSettings(chosen: Record<string, Scalar>, known: Record<string, Setting>): Record<string, Scalar> {
  const valid = Object.entries(chosen).filter(
    ([name, value]) => Object.hasOwn(known, name) && isValidSetting(known[name], value),
  )
  return Object.fromEntries(valid)
}

function isValidSetting(setting: Setting | undefined, value: Scalar): boolean {
  if (setting?.type === 'number') return typeof value === 'number' && value >= setting.min && value <= setting.max
  if (setting?.type === 'choice') return setting.choices.includes(String(value))
  return typeof value === 'boolean'
}

/** Returns the chosen option if it is one of those, else the first. */
function findOption<T>(options: readonly T[], chosen: T | null): T | undefined {
  return options.find(option => option === chosen) ?? options[0]
}

function parseRecord(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function toWholeNumber(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null
}

function toScalars(value: unknown): Record<string, Scalar> {
  if (typeof value !== 'object' || value === null) return {}
  const scalars = Object.entries(value).filter(([, scalar]) => ['string', 'number', 'boolean'].includes(typeof scalar))
  return Object.fromEntries(scalars)
}
