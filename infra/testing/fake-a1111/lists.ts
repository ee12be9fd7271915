/** The servers that have this API, as far as the fake tells them apart. */
export type A1111Flavour = 'a1111' | 'sdnext' | 'old'

export const SAMPLERS = ['DPM++ 2M', 'Euler a', 'Euler', 'DDIM']
export const UPSCALERS = ['None', 'Lanczos', 'Nearest', 'R-ESRGAN 4x+', 'SwinIR 4x']
export const LATENT_MODES = ['Latent', 'Latent (nearest)']
const SCHEDULERS = [
  { name: 'automatic', label: 'Automatic' },
  { name: 'karras', label: 'Karras' },
]

/** A checkpoint: its file below the folder of models, and its hash once it is computed. */
export interface FakeCheckpoint {
  file: string
  hash: string | null
}

export const CHECKPOINTS: readonly FakeCheckpoint[] = [
  { file: 'sd_xl_base_1.0.safetensors', hash: '31e35c80fc' },
  { file: 'people/portrait v2.safetensors', hash: null },
]

/** Returns the title of a checkpoint [S modules/sd_models.py, CheckpointInfo]. */
export function toTitle({ file, hash }: FakeCheckpoint): string {
  return hash === null ? file : `${file} [${hash}]`
}

/** Returns whether a text chooses a checkpoint [S modules/sd_models.py, CheckpointInfo.ids]. */
export function isCheckpoint(checkpoint: FakeCheckpoint, text: unknown): boolean {
  return text === checkpoint.file || text === toTitle(checkpoint) || text === toModelName(checkpoint)
}

/** Returns the name of a model: of its file, without folder and ending. */
export function toModelName({ file }: FakeCheckpoint): string {
  return (file.split('/').at(-1) ?? file).replace(/\.\w+$/, '')
}

/**
 * Returns a list of the server [S modules/api/api.py]; undefined if it has none such. SD.Next lists its samplers as schedulers, and has no
 * latent modes [S vladmandic/sdnext modules/api/endpoints.py]; servers before 1.9 have no schedulers.
 */
export function createList(
  path: string,
  flavour: A1111Flavour,
  checkpoints: readonly FakeCheckpoint[],
): unknown[] | undefined {
  const name = path.replace('/sdapi/v1/', '')
  if (name === 'sd-models') return checkpoints.map(toModelItem)
  if (name === 'samplers')
    return SAMPLERS.map(sampler => ({ name: sampler, options: {}, ...(flavour === 'sdnext' ? {} : { aliases: [] }) }))
  if (name === 'upscalers')
    return UPSCALERS.map(upscaler => ({
      name: upscaler,
      model_name: null,
      model_path: null,
      model_url: null,
      scale: 4,
    }))
  if (name === 'schedulers' && flavour === 'a1111')
    return SCHEDULERS.map(item => ({ ...item, aliases: null, default_rho: -1, need_inner_model: false }))
  if (name === 'schedulers' && flavour === 'sdnext')
    return SAMPLERS.map(sampler => ({ name: sampler, cls: 'Scheduler', options: {} }))
  return name === 'latent-upscale-modes' && flavour === 'a1111' ? LATENT_MODES.map(mode => ({ name: mode })) : undefined
}

function toModelItem(checkpoint: FakeCheckpoint) {
  const { file, hash } = checkpoint
  const model_name = file.replaceAll('/', '_').replace(/\.\w+$/, '')
  return { title: toTitle(checkpoint), model_name, hash, sha256: null, filename: `/models/${file}`, config: null }
}
