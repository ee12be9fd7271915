import type { Kind } from '@darkroom/contracts/enums'
import { estimateSeconds } from '@darkroom/contracts/estimate'
import type { Generation, Submission } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import {
  adaptParameters,
  type ChosenParameters,
  toSubmittedParameters,
} from '@darkroom/contracts/other-model/adapt-parameters'
import { withRatioOfPixels } from '@darkroom/contracts/other-model/size-choice'
import type { Output } from '@darkroom/contracts/output'
import type { PublicParameters, Scalar } from '@darkroom/contracts/parameters'
import type { Reference } from '@darkroom/contracts/reference'
import type { PixelSize } from '@darkroom/contracts/size'
import { estimateDraftCost, resolveDraftSize } from './estimates.ts'

/** The content of the composer without its references. */
export interface Draft extends ChosenParameters {
  prompt: string
  model: string | null
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
    aspectRatio: /^[1-9]\d{0,2}:[1-9]\d{0,2}$/.test(String(stored.aspectRatio)) ? String(stored.aspectRatio) : '1:1',
    resolution: toResolution(stored.resolution),
    numOutputs: toWholeNumber(stored.numOutputs) ?? 1,
    duration: toWholeNumber(stored.duration),
    seed: toWholeNumber(stored.seed),
    negativePrompt: toText(stored.negativePrompt),
    settings: toScalars(stored.settings),
  }
}

/** Returns the draft that repeats a generation: its prompt, its model and every setting. */
export function toDraft({ prompt, model, parameters }: Pick<Generation, 'prompt' | 'model' | 'parameters'>): Draft {
  const draft = parseDraft(JSON.stringify({ ...parameters, prompt, model }))
  return { ...draft, ...withRatioOfPixels(draft) }
}

/** Returns the model of a draft: the one it names, else the first of the list. */
export function resolveModel(draft: Draft, models: readonly Model[]): Model | undefined {
  return models.find(model => model.id === draft.model) ?? models[0]
}

/** Returns the draft within the limits of a model. Fields that the model does not have stay, for a model that has them. */
export function adaptToModel(draft: Draft, model: Model): Draft {
  return { ...adaptParameters(draft, model), model: model.id }
}

/** Returns the submission of a draft: only parameters that the model has, and of those only the chosen ones. */
export function toSubmission(draft: Draft, model: Model, clientId: string): Submission {
  return { clientId, prompt: draft.prompt, model: model.id, parameters: toSubmittedParameters(draft, model) }
}

/** Creates the generation that the feed shows for a submission until the studio has answered. */
export function createOptimisticGeneration(
  submission: Submission,
  model: Model,
  references: Reference[],
  createdAt: string,
): Generation {
  const { clientId = '', parameters, prompt } = submission
  // All parameters that a draft can have are public.
  const publicParameters = parameters as PublicParameters
  const draft = toDraft({ prompt, model: model.id, parameters: publicParameters })
  const firstSize = toPixelSize(references[0])
  const size = resolveDraftSize(draft, model, firstSize)
  const cost = estimateDraftCost(draft, model, { count: references.length, firstSize })
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
    parameters: publicParameters,
    outputs,
    references,
    parent: submission.parent ?? null,
    cost: cost && { ...cost, estimated: true },
    estimatedSeconds: estimateSeconds(model, parameters.numOutputs),
    createdAt,
  }
}

const OPTIMISTIC_FIELDS = {
  version: 0,
  status: 'queued',
  error: null,
  waiting: null,
  favourite: false,
  attempt: 0,
  progress: null,
  startedAt: null,
  completedAt: null,
  deletedAt: null,
} as const

function createPendingOutput(index: number, kind: Kind, size: PixelSize): Output {
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

/** Returns the size of a reference; undefined while it is not known. */
export function toPixelSize(reference: Reference | null | undefined): PixelSize | undefined {
  if (!reference || reference.width === null || reference.height === null) return undefined
  return { width: reference.width, height: reference.height }
}

function toResolution(value: unknown): number | string {
  if (Number.isSafeInteger(value) && Number(value) > 0) return Number(value)
  return typeof value === 'string' && /^[A-Za-z0-9.]{1,16}$/.test(value) ? value : 1024
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
