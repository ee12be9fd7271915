/** Node classes of the fake, as `GET /object_info/<class>` describes them. @see node_info in ComfyUI’s server.py */

const number = (type: 'INT' | 'FLOAT', options: Record<string, number>) => [type, options]
const text = ['STRING', { multiline: true, tooltip: 'The text to be encoded.' }]

export const CHECKPOINTS = ['sd15.safetensors', 'sdxl.safetensors']

const CLASSES: Readonly<Record<string, { required: Record<string, unknown>; isOutput?: true }>> = {
  CheckpointLoaderSimple: { required: { ckpt_name: [CHECKPOINTS, { tooltip: 'The checkpoint to load.' }] } },
  CLIPTextEncode: { required: { text, clip: ['CLIP'] } },
  EmptyLatentImage: {
    required: {
      width: number('INT', { default: 512, min: 16, max: 16_384, step: 8 }),
      height: number('INT', { default: 512, min: 16, max: 16_384, step: 8 }),
      batch_size: number('INT', { default: 1, min: 1, max: 4_096 }),
    },
  },
  KSampler: {
    required: {
      model: ['MODEL'],
      seed: number('INT', { default: 0, min: 0, max: 18_446_744_073_709_552_000 }),
      steps: number('INT', { default: 20, min: 1, max: 10_000 }),
      cfg: number('FLOAT', { default: 8, min: 0, max: 100, step: 0.1 }),
      sampler_name: ['COMBO', { options: ['euler', 'dpmpp_2m'] }],
      scheduler: [['normal', 'karras']],
      positive: ['CONDITIONING'],
      negative: ['CONDITIONING'],
      latent_image: ['LATENT'],
      denoise: number('FLOAT', { default: 1, min: 0, max: 1, step: 0.01 }),
    },
  },
  LoadImage: { required: { image: [['example.png'], { image_upload: true }] } },
  LoadImageMask: { required: { image: [['example.png'], { image_upload: true }], channel: [['alpha', 'red']] } },
  VAEEncode: { required: { pixels: ['IMAGE'], vae: ['VAE'] } },
  VAEDecode: { required: { samples: ['LATENT'], vae: ['VAE'] } },
  SaveImage: { required: { images: ['IMAGE'], filename_prefix: ['STRING', { default: 'ComfyUI' }] }, isOutput: true },
}

/** Returns the description of a class as the server gives it: nothing for one that it does not have. */
export function describeClass(name: string): Record<string, unknown> {
  const found = CLASSES[name]
  if (!found) return {}
  const { required, isOutput = false } = found
  return { [name]: { input: { required }, name, display_name: name, output_node: isOutput, category: 'sd' } }
}

export function hasClass(name: string): boolean {
  return Object.hasOwn(CLASSES, name)
}

/** Returns the choices of an input that the server checks; undefined for any other. */
export function getChoices(name: string, input: string): readonly unknown[] | undefined {
  const spec = CLASSES[name]?.required[input]
  if (!Array.isArray(spec)) return undefined
  if (Array.isArray(spec[0])) return spec[0]
  return spec[0] === 'COMBO' ? spec[1].options : undefined
}
