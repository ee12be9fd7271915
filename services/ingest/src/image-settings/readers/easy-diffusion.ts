import type { ImageMetadata } from '../metadata.ts'
import { createFromObject } from './json-parameters.ts'

/** Keywords of texts by which Easy Diffusion is recognised, of its present and older versions. */
const MODEL_KEYS = ['use_stable_diffusion_model', 'Stable Diffusion model']

/**
 * Reads the format of Easy Diffusion: a text for each setting.
 *
 * @see https://github.com/easydiffusion/easydiffusion/blob/main/ui/easydiffusion/utils/save_utils.py
 */
export function readEasyDiffusion(texts: Readonly<Record<string, string>>): ImageMetadata | undefined {
  return MODEL_KEYS.some(key => Object.hasOwn(texts, key)) ? createFromObject(texts, 'Easy Diffusion') : undefined
}
