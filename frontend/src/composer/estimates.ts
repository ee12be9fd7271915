import { estimateSeconds } from '@darkroom/contracts/estimate'
import type { Model } from '@darkroom/contracts/model'
import { withDefaults } from '@darkroom/contracts/model-fields'
import type { Scalar } from '@darkroom/contracts/parameters'
import { estimateMicros, fromMicros, getCurrency } from '@darkroom/contracts/price'
import { type PixelSize, resolveSize, type SizeChoice } from '@darkroom/contracts/size'
import { formatEstimate } from '../ui/format.ts'
import { formatEstimatedCost, type Money } from '../ui/money.ts'

/** The choices of a draft that its size, time and price depend on. */
export interface PricedDraft extends SizeChoice {
  numOutputs: number
  duration: number | null
  settings: Record<string, Scalar>
}

/** The references of a draft that its size and its price depend on. */
export interface DraftReferences {
  count: number
  /** Size of the first one, as far as it is known. */
  firstSize?: PixelSize | undefined
}

/** Area of an output whose size is not known, in pixels. */
const STANDARD_SIZE: PixelSize = { width: 1_024, height: 1_024 }

/** Returns the pixels of an output of a draft: the same that the studio reserves for it. */
export function resolveDraftSize(draft: PricedDraft, model: Model, firstSize?: PixelSize): PixelSize {
  return resolveSize(model.sizes, draft, firstSize) ?? STANDARD_SIZE
}

/**
 * Returns the estimated price of one output of a draft, in micro-units; null if it is unknown.
 *
 * @param draft within the limits of the model
 */
export function estimateDraftMicros(
  draft: PricedDraft,
  model: Model,
  { count, firstSize }: DraftReferences,
): number | null {
  return estimateMicros(model.price, {
    ...resolveDraftSize(draft, model, firstSize),
    duration: draft.duration ?? undefined,
    settings: withDefaults(model, draft.settings),
    resolution: draft.resolution,
    references: count,
  })
}

/** Returns the estimated cost of a whole draft, which a generation has until it is made; null if it is free or unknown. */
export function estimateDraftCost(draft: PricedDraft, model: Model, references: DraftReferences): Money | null {
  const micros = estimateDraftMicros(draft, model, references)
  if (micros === null || model.price.kind === 'free') return null
  return { amount: fromMicros(micros * draft.numOutputs), currency: getCurrency(model.price) ?? 'USD' }
}

/** Formats the estimated time and cost of a draft: `about 24 s`, `about $0.16`. */
export function formatEstimates(draft: PricedDraft, model: Model, references: DraftReferences): string[] {
  const micros = estimateDraftMicros(draft, model, references)
  const currency = getCurrency(model.price) ?? 'USD'
  return [
    formatEstimate(estimateSeconds(model, draft.numOutputs)),
    formatEstimatedCost(micros, currency, draft.numOutputs),
  ]
}
