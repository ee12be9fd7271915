import { createHash } from 'node:crypto'
import { ProviderError, type ProviderReference, type ProviderRequest } from '../adapter.ts'
import { findScale, toCheckpointKey } from './model-specs.ts'

/** A submission: its path and its body. */
export interface Submission {
  path: string
  body: Record<string, unknown>
}

/**
 * Returns the id that a call has at the server. It follows from the idempotency key. The server tells its progress by it, and nothing
 * else: what it has made cannot be asked for.
 */
export function createTaskId(idempotencyKey: string): string {
  return `darkroom-${createHash('sha256').update(`a1111 ${idempotencyKey}`).digest('hex').slice(0, 32)}`
}

/** Writes a request. Fields that are left out have the server's defaults. @throws ProviderError `reference_refused` */
export function createSubmission(connection: string, request: ProviderRequest, taskId: string): Submission {
  const scale = findScale(connection, request.model)
  if (scale !== undefined) return createUpscaling(request, scale)
  const [image] = request.references.filter(({ role }) => role !== 'mask')
  const mask = request.references.find(({ role }) => role === 'mask')
  const common = createCommon(connection, request, taskId)
  if (!image) return toSubmission('txt2img', { ...common, ...createHires(request) })
  return toSubmission('img2img', { ...common, ...createEdit(request, image, mask) })
}

/** Creates the request of the extras, which take no prompt. */
function createUpscaling({ references, settings }: ProviderRequest, scale: number): Submission {
  const [source, ...others] = references
  if (!source || others.length > 0)
    throw new ProviderError('reference_refused', { message: 'It takes one picture, which it enlarges.' })
  return toSubmission('extra-single-image', {
    resize_mode: 0,
    upscaling_resize: scale,
    upscaler_1: settings.upscaler,
    image: toBase64(source),
  })
}

function createCommon(connection: string, request: ProviderRequest, taskId: string) {
  const { prompt, negativePrompt, width, height, seed, indices, settings } = request
  return {
    prompt,
    negative_prompt: negativePrompt,
    width,
    height,
    seed,
    steps: settings.steps,
    cfg_scale: settings.cfg_scale,
    sampler_name: settings.sampler,
    scheduler: settings.scheduler,
    batch_size: 1,
    n_iter: indices.length,
    override_settings: removeUndefined({
      sd_model_checkpoint: toCheckpointKey(connection, request.model),
      CLIP_stop_at_last_layers: settings.clip_skip,
    }),
    // The page of the server goes on with its own checkpoint.
    override_settings_restore_afterwards: true,
    send_images: true,
    save_images: false,
    force_task_id: taskId,
  }
}

function createHires({ settings }: ProviderRequest) {
  if (settings.hires !== true) return {}
  return {
    enable_hr: true,
    hr_upscaler: settings.hires_upscaler,
    hr_scale: settings.hires_scale,
    hr_second_pass_steps: settings.hires_steps,
    denoising_strength: settings.hires_denoising,
  }
}

/** Creates the fields of an edit. An image of another shape is cut to that of the result: it would be stretched otherwise. */
function createEdit({ settings }: ProviderRequest, image: ProviderReference, mask: ProviderReference | undefined) {
  return {
    init_images: [toBase64(image)],
    resize_mode: 1,
    denoising_strength: settings.denoising,
    ...(mask && {
      mask: toBase64(mask),
      mask_blur: settings.mask_blur,
      // White is what changes; it begins with what was there.
      inpainting_mask_invert: 0,
      inpainting_fill: 1,
      inpaint_full_res: settings.masked_only ?? false,
      inpaint_full_res_padding: 32,
    }),
  }
}

function toSubmission(name: string, body: Record<string, unknown>): Submission {
  return { path: `/sdapi/v1/${name}`, body: removeUndefined(body) }
}

function toBase64({ bytes }: ProviderReference): string {
  return Buffer.from(bytes).toString('base64')
}

function removeUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
