import type { ModelSpec, Operation } from '@darkroom/contracts/model'
import { countInputs, resolveInputRole, withDefaults } from '@darkroom/contracts/model-fields'
import { isVerb, VERB_OPERATIONS } from '@darkroom/contracts/verbs'
import { OUTPUT_LIMITS } from '@darkroom/infra/images/check-image'
import type { DecodeOptions, ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import { MediaError } from '@darkroom/infra/images/media-error'
import type { Store } from '@darkroom/infra/store/store'
import { isTooSlow } from '../outputs/store-output-error.ts'
import { ProviderError, type ProviderReference, type ProviderRequest } from '../providers/adapter.ts'
import type { Job, JobCall, JobReference } from '../queue/job.ts'
import { getOutputIndices } from './plan.ts'

/** Capabilities that are assumed of a model that its connection no longer lists. */
const UNLISTED: Pick<ModelSpec, 'settings' | 'seed' | 'mask' | 'operations' | 'inputs'> = {
  settings: {},
  seed: null,
  mask: 'none',
  operations: ['generate'],
  inputs: [],
}

/** Builds the provider's request for one call. */
export function createProviderRequest(
  job: Job,
  call: JobCall,
  references: readonly ProviderReference[],
  spec: ModelSpec | undefined,
): ProviderRequest {
  const { prompt, model, kind, parameters } = job
  const { negativePrompt, duration } = parameters
  const firstOutput = job.outputs.find(output => output.index === call.firstIndex)
  return {
    model,
    kind,
    operation: findOperation(spec, references, job.verb),
    prompt,
    width: firstOutput?.width ?? 1024,
    height: firstOutput?.height ?? 1024,
    aspectRatio: parameters.aspectRatio ?? '1:1',
    resolution: parameters.resolution ?? 1024,
    indices: getOutputIndices(call),
    seed: computeSeed(job, call, spec),
    settings: withDefaults(spec ?? UNLISTED, parameters.settings ?? {}),
    references,
    ...(negativePrompt === undefined ? {} : { negativePrompt }),
    ...(duration === undefined ? {} : { duration }),
  }
}

export interface ReferenceLoader {
  store: Pick<Store, 'get'>
  images: Pick<ImageDecoder, 'encodeProviderCopy' | 'encodeMask'>
}

/**
 * Loads input images from the store, without their metadata, the source of a change first. A mask is encoded in the polarity of the
 * model and in the size of that source, else of the first other image.
 *
 * @throws ProviderError `reference_unreadable` for an image that is damaged or too large to be decoded
 * @throws ProviderError `model_unknown` for a mask whose model is not listed any more: without it everything would be changed
 * @throws Error when one is not in the store, or the decoder fails; the signal's reason
 */
export async function loadReferences(
  { store, images }: ReferenceLoader,
  inputs: readonly JobReference[],
  spec: ModelSpec | undefined,
  options: DecodeOptions,
): Promise<ProviderReference[]> {
  const ordered = [
    ...inputs.filter(({ role }) => role === 'source'),
    ...inputs.filter(({ role }) => role !== 'source' && role !== 'mask'),
  ]
  const loaded = await Promise.all(
    ordered.map(async ({ key, role }) => ({
      role: resolveInputRole(spec ?? UNLISTED, role),
      ...(await images.encodeProviderCopy(await loadBytes(store, key), OUTPUT_LIMITS, options).catch(throwUnreadable)),
    })),
  )
  const mask = inputs.find(({ role }) => role === 'mask')
  const [target] = loaded
  const polarity = spec?.mask ?? 'none'
  if (!mask || !target) return loaded
  if (polarity === 'none') throw new ProviderError('model_unknown')
  const maskBytes = await loadBytes(store, mask.key)
  const encoded = await images
    .encodeMask(maskBytes, { polarity, target }, OUTPUT_LIMITS, options)
    .catch(throwUnreadable)
  return [...loaded, { role: 'mask', ...encoded }]
}

/** Throws an error of the decoder. One of an image that no other try would read is a ProviderError. */
function throwUnreadable(error: unknown): never {
  if (error instanceof MediaError && !isTooSlow(error))
    throw new ProviderError('reference_unreadable', { cause: error })
  throw error
}

async function loadBytes(store: Pick<Store, 'get'>, key: string): Promise<Uint8Array> {
  const object = await store.get(key)
  if (!object) throw new Error(`reference image ${key} is not in the store`)
  return await new Response(object.body).bytes()
}

/** Returns the operation that a verb asks for, else the one that the inputs of a request amount to. */
function findOperation(
  spec: ModelSpec | undefined,
  references: readonly ProviderReference[],
  verb: string | null,
): Operation {
  const { operations } = spec ?? UNLISTED
  const isOffered = (operation: Operation) => operations.includes(operation)
  const hasMask = references.some(({ role }) => role === 'mask')
  if (hasMask && isOffered('inpaint')) return 'inpaint'
  const requested = verb !== null && isVerb(verb) ? VERB_OPERATIONS[verb] : 'generate'
  const isPossible = requested !== 'generate' && requested !== 'inpaint' && isOffered(requested)
  if (references.length > 0 && isPossible) return requested
  if (references.length > 0 && isOffered('edit')) return 'edit'
  if (references.length > 0 && spec && countInputs(spec, 'first-frame') > 0 && isOffered('animate')) return 'animate'
  return 'generate'
}

/** Returns the seed of a call. Those of several calls differ: with the same one a model would make the same output again. */
function computeSeed({ id, parameters }: Job, { firstIndex }: JobCall, spec: ModelSpec | undefined): number {
  // The digits of a larger one are of an imported generation, which no model of ours made.
  const first = typeof parameters.seed === 'number' ? parameters.seed : deriveSeed(id, spec)
  const range = spec?.seed
  const beyond = range ? first - range.max + firstIndex : 0
  return range && beyond > 0 ? range.min + beyond - 1 : first + firstIndex
}

/** Derives a seed from the generation's id, for generations without one: each has its own, and a retry the same. */
function deriveSeed(id: string, spec: ModelSpec | undefined): number {
  const seed = new Bun.CryptoHasher('sha256').update(id).digest().readUInt32BE(0)
  const range = spec?.seed
  return range ? range.min + (seed % (range.max - range.min + 1)) : seed
}
