import type { Generation, Submission } from '@darkroom/contracts/generation'
import type { InputRole, Model, Sizes } from '@darkroom/contracts/model'
import { adaptSize } from '@darkroom/contracts/other-model/size-choice'
import type { Output } from '@darkroom/contracts/output'
import { formatPixels, formatRatio, type PixelSize, resolveSize, type SizeChoice } from '@darkroom/contracts/size'
import type { Verb } from '@darkroom/contracts/verbs'
import { adaptToModel, type Draft, toDraft, toSubmission } from '../composer/draft.ts'
import { estimateDraftMicros } from '../composer/estimates.ts'

/** A verb on an output of a generation, and the model that does it. */
export interface ChildRequest {
  generation: Generation
  output: Output
  verb: Verb
  model: Model
  /** Prompt of the child; that of its parent unless given. */
  prompt?: string
  /** Number of outputs; four variations, and one of anything else, unless given. */
  numOutputs?: number
}

const VARIATIONS = 4
const UPSCALE_FACTOR = 2

/** Returns the draft of a child within the limits of its model: the settings of its parent, and a new seed. */
export function createChildDraft({ generation, output, verb, model, prompt, numOutputs }: ChildRequest): Draft {
  const draft = toDraft(generation)
  return adaptToModel(
    {
      ...draft,
      ...resolveChildSize(verb, toPixels(output) ?? null, model.sizes, draft),
      prompt: prompt ?? draft.prompt,
      seed: null,
      numOutputs: numOutputs ?? (verb === 'vary' ? VARIATIONS : 1),
    },
    model,
  )
}

/** Returns the submission of a child, without its images, whose roles are given in their order. */
export function createChildSubmission(
  request: ChildRequest,
  roles: readonly InputRole[],
  clientId: string,
): Submission {
  const { generation, output, verb, model } = request
  return {
    ...toSubmission(createChildDraft(request), model, clientId),
    referenceRoles: [...roles],
    parent: { generationId: generation.id, outputIndex: output.index, verb },
  }
}

/** Returns the submission that makes a generation once more, with another seed. A child stays the child of its parent. */
export function createAgainSubmission(generation: Generation, model: Model, clientId: string): Submission {
  const roles = generation.references.map(({ role }) => role ?? 'reference')
  const first = generation.outputs.find(({ url }) => url !== null)?.index ?? 0
  return {
    ...toSubmission({ ...toDraft(generation), seed: null }, model, clientId),
    ...(roles.some(role => role !== 'reference') && { referenceRoles: roles }),
    parent: generation.parent ?? { generationId: generation.id, outputIndex: first, verb: 'again' },
  }
}

/** Returns the estimated price of one output of a child, in micro-units; null if it is unknown. */
export function estimateChildMicros(request: ChildRequest): number | null {
  const references = { count: 1, firstSize: toPixels(request.output) }
  return estimateDraftMicros(createChildDraft(request), request.model, references)
}

/** Returns the size of an output in pixels; undefined if it is not known. */
export function toPixels({ width, height }: Pick<Output, 'width' | 'height'>): PixelSize | undefined {
  return width === null || height === null ? undefined : { width, height }
}

/** Variations and animations have the size that was asked for; everything else that of the output, or twice that. */
function resolveChildSize(verb: Verb, pixels: PixelSize | null, sizes: Sizes, draft: SizeChoice): SizeChoice {
  if (pixels === null || verb === 'vary' || verb === 'reference' || verb === 'animate') return pick(draft)
  // The studio multiplies the size of the image, which has the same ratio.
  if (sizes.kind === 'scale') return { aspectRatio: formatRatio(pixels), resolution: 'auto' }
  const factor = verb === 'upscale' ? UPSCALE_FACTOR : 1
  const wanted = { width: pixels.width * factor, height: pixels.height * factor }
  const exact = { aspectRatio: formatRatio(wanted), resolution: formatPixels(wanted) }
  const isAutoBetter = sizes.auto && (verb === 'upscale' || !resolveSize(sizes, exact))
  if (isAutoBetter) return { aspectRatio: adaptSize(exact, sizes).aspectRatio, resolution: 'auto' }
  return adaptSize(exact, sizes)
}

function pick({ aspectRatio, resolution }: SizeChoice): SizeChoice {
  return { aspectRatio, resolution }
}
