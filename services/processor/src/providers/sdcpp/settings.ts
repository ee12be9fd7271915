import type { Setting } from '@darkroom/contracts/model'
import { createChoice, inOrder, toNumberWithin } from '../server-names.ts'
import { type Capabilities, type ModeCapabilities, readField } from './capabilities.ts'

/** Steps that the server takes: it makes a larger number this one. */
const MAX_STEPS = 100
const MAX_GUIDANCE = 50
const MAX_CLIP_SKIP = 12
const MAX_FPS = 60
const NO_LORA = 'none'
const NO_UPSCALER = 'None'
const IF_HIRES: Pick<Setting, 'x-when' | 'x-group'> = {
  'x-group': 'Second pass',
  'x-when': { setting: 'hires', in: [true] },
}

/** Returns the settings of images, with the defaults that the server was started with. */
export function createImageSettings(server: Capabilities, mode: ModeCapabilities): Record<string, Setting> {
  const { features, defaults } = mode
  return inOrder({
    ...createSampling(server, mode),
    ...(features.has('init_image') && features.has('ref_images') && { edit_by: EDIT_BY }),
    ...(features.has('init_image') && {
      strength: createNumber('Strength of a change', { minimum: 0, maximum: 1, value: defaults.strength ?? 0.75 }),
    }),
    ...(features.has('lora') && createLora(server.loras)),
    ...(features.has('hires') && createHires(server.upscalers, defaults.hires)),
  })
}

/** Returns the settings of videos, with the defaults that the server was started with. */
export function createVideoSettings(server: Capabilities, mode: ModeCapabilities): Record<string, Setting> {
  const fps = toNumberWithin(mode.defaults.fps, 1, MAX_FPS) ?? 16
  return inOrder({
    ...createSampling(server, mode),
    fps: { type: 'integer', title: 'Frames per second', minimum: 1, maximum: MAX_FPS, default: Math.round(fps) },
    ...(mode.features.has('lora') && createLora(server.loras)),
  })
}

const EDIT_BY: Setting = {
  type: 'string',
  title: 'Edit by',
  description:
    'strength: starts from the image and changes it. reference: for models that follow an instruction, as FLUX Kontext and Qwen Image Edit.',
  enum: ['strength', 'reference'],
  default: 'strength',
}

function createSampling({ samplers, schedulers }: Capabilities, { defaults }: ModeCapabilities) {
  const sampling = defaults.sample_params
  const guidance = readField(sampling, 'guidance')
  const limits = { minimum: 0, maximum: MAX_GUIDANCE }
  return {
    steps: createInteger('Steps', { minimum: 1, maximum: MAX_STEPS, value: readField(sampling, 'sample_steps') }),
    cfg: createNumber('Guidance (CFG)', { ...limits, value: readField(guidance, 'txt_cfg') }),
    distilled_guidance: createNumber('Distilled guidance', {
      ...limits,
      value: readField(guidance, 'distilled_guidance'),
    }),
    ...createChoice('sampler', samplers, { title: 'Sampler', preset: readField(sampling, 'sample_method') }),
    ...createChoice('scheduler', schedulers, { title: 'Scheduler', preset: readField(sampling, 'scheduler') }),
    clip_skip: createInteger('CLIP skip', { minimum: -1, maximum: MAX_CLIP_SKIP, value: defaults.clip_skip }),
  }
}

function createLora(paths: readonly string[]): Record<string, Setting> {
  const choices = paths.filter(path => path !== NO_LORA)
  if (choices.length === 0) return {}
  const group = { 'x-group': 'LoRA' }
  return {
    ...createChoice('lora', [NO_LORA, ...choices], { title: 'LoRA', preset: NO_LORA, ...group }),
    lora_weight: {
      ...createNumber('Weight of the LoRA', { minimum: -2, maximum: 2, value: 1 }),
      ...group,
      'x-when': { setting: 'lora', in: choices },
    },
  }
}

function createHires(upscalers: readonly string[], defaults: unknown): Record<string, Setting> {
  const choices = upscalers.filter(name => name !== NO_UPSCALER)
  return {
    hires: { type: 'boolean', title: 'Second pass, larger', 'x-group': 'Second pass', default: false },
    ...createChoice('hires_upscaler', choices, {
      title: 'Upscaler',
      preset: readField(defaults, 'upscaler'),
      ...IF_HIRES,
    }),
    hires_scale: {
      ...createNumber('Times as large', { minimum: 1, maximum: 4, value: readField(defaults, 'scale') ?? 2 }),
      ...IF_HIRES,
    },
    hires_strength: {
      ...createNumber('Strength', {
        minimum: 0.01,
        maximum: 1,
        value: readField(defaults, 'denoising_strength') ?? 0.7,
      }),
      ...IF_HIRES,
    },
    hires_steps: {
      ...createInteger('Steps (0: as before)', { minimum: 0, maximum: MAX_STEPS, value: readField(defaults, 'steps') }),
      ...IF_HIRES,
    },
  }
}

interface NumberOptions {
  minimum: number
  maximum: number
  /** The server's default, which may be anything. */
  value: unknown
}

function createNumber(title: string, { minimum, maximum, value }: NumberOptions): Setting {
  const found = toNumberWithin(value, minimum, maximum)
  // The server's numbers are of single precision: 0.7 arrives as 0.699999988079071.
  const preset = found === undefined ? undefined : Math.round(found * 1e4) / 1e4
  return { type: 'number', title, minimum, maximum, ...(preset !== undefined && { default: preset }) }
}

function createInteger(title: string, { minimum, maximum, value }: NumberOptions): Setting {
  const preset = toNumberWithin(value, minimum, maximum)
  const hasPreset = preset !== undefined && Number.isInteger(preset)
  return { type: 'integer', title, minimum, maximum, ...(hasPreset && { default: preset }) }
}
