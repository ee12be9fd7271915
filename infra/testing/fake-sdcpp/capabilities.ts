/** The model of a fake, and what can be done with it. */
export interface FakeSdCppModel {
  stem: string
  modes: readonly ('img_gen' | 'vid_gen')[]
  /** Containers of videos: a server that was built without WebM lacks `webm`. */
  videoFormats: readonly string[]
  loras: readonly string[]
  upscalers: readonly string[]
}

export const IMAGE_MODEL: FakeSdCppModel = {
  stem: 'sd_xl_base_1.0',
  modes: ['img_gen'],
  videoFormats: ['webm', 'webp', 'avi'],
  loras: ['styles/ink.safetensors', 'lcm.safetensors'],
  upscalers: ['RealESRGAN_x4plus'],
}

export const SAMPLERS = ['euler', 'euler_a', 'heun', 'dpm2', 'dpm++2m', 'lcm']
export const SCHEDULERS = ['discrete', 'normal', 'karras', 'exponential']
/** Built-in entries of `upscalers` [S api.md]. */
const UPSCALERS = ['None', 'Lanczos', 'Nearest', 'Latent', 'Latent (nearest)', 'Latent (nearest-exact)']
const IMAGE_FORMATS = ['png', 'jpeg', 'webp']

/** Returns the names of upscalers that a request may have. */
export function listUpscalers({ upscalers }: FakeSdCppModel): string[] {
  return [...UPSCALERS, ...upscalers]
}

/** Returns `GET /sdcpp/v1/capabilities` [S leejet/stable-diffusion.cpp@97d29908 examples/server/routes_sdcpp.cpp, make_capabilities_json]. */
export function createCapabilities(model: FakeSdCppModel): Record<string, unknown> {
  const byMode = <T>(values: Record<string, T>) =>
    Object.fromEntries(Object.entries(values).filter(([mode]) => model.modes.some(each => each === mode)))
  const current = model.modes[0] ?? ''
  const defaults: Record<string, unknown> = byMode({ img_gen: IMAGE_DEFAULTS, vid_gen: VIDEO_DEFAULTS })
  const features: Record<string, unknown> = byMode({ img_gen: IMAGE_FEATURES, vid_gen: VIDEO_FEATURES })
  const formats: Record<string, unknown> = byMode({ img_gen: IMAGE_FORMATS, vid_gen: model.videoFormats })
  return {
    model: { name: `${model.stem}.safetensors`, stem: model.stem, path: `/models/${model.stem}.safetensors` },
    current_mode: current,
    supported_modes: model.modes,
    defaults: defaults[current] ?? {},
    defaults_by_mode: defaults,
    // [S routes_sdcpp.cpp] these are fixed in the server.
    limits: {
      ...{ min_width: 64, max_width: 4096, min_height: 64, max_height: 4096 },
      ...{ max_batch_count: 8, max_queue_size: 64 },
    },
    samplers: SAMPLERS,
    schedulers: SCHEDULERS,
    output_formats: formats[current] ?? [],
    output_formats_by_mode: formats,
    features: features[current] ?? {},
    features_by_mode: features,
    loras: model.loras.map(path => ({
      name: path
        .split('/')
        .at(-1)
        ?.replace(/\.\w+$/, ''),
      path,
    })),
    upscalers: listUpscalers(model).map(name => ({ name })),
  }
}

const SAMPLE_PARAMS = {
  scheduler: 'discrete',
  sample_method: 'euler_a',
  sample_steps: 20,
  eta: null,
  shifted_timestep: 0,
  flow_shift: null,
  // A float in C++, written as a double.
  guidance: { txt_cfg: 7, img_cfg: null, distilled_guidance: 3.5, slg: { layers: [7, 8, 9], scale: 0 } },
}
const COMMON_DEFAULTS = {
  prompt: '',
  negative_prompt: '',
  clip_skip: -1,
  width: 512,
  height: 512,
  strength: 0.75,
  seed: 42,
  sample_params: SAMPLE_PARAMS,
  output_compression: 100,
}
const IMAGE_DEFAULTS = {
  ...COMMON_DEFAULTS,
  batch_count: 1,
  hires: { enabled: false, upscaler: 'Latent', scale: 2, steps: 0, denoising_strength: 0.699999988079071 },
  output_format: 'png',
}
const VIDEO_DEFAULTS = { ...COMMON_DEFAULTS, video_frames: 33, fps: 16, moe_boundary: 0.875, output_format: 'webm' }
const CANCEL = { cancel_queued: true, cancel_generating: false }
const IMAGE_FEATURES = {
  ...{ init_image: true, mask_image: true, control_image: true, ip_adapter_image: true, ref_images: true },
  ...{ lora: true, vae_tiling: true, hires: true, cache: true },
  ...CANCEL,
}
const VIDEO_FEATURES = {
  ...{ init_image: true, end_image: true, control_frames: true, high_noise_sample_params: true },
  ...{ lora: true, vae_tiling: true, cache: true },
  ...CANCEL,
}
