import type { Price, Setting, Sizes } from '@darkroom/contracts/model'

/** An endpoint, and the names of its fields for images. */
export interface FalRoute {
  endpoint: string
  /** Field of a list of reference images. */
  images?: string
  /** Field of one image: the source of a change, or the first frame. */
  image?: string
  /** Field of the last frame. */
  lastImage?: string
  mask?: string
}

/** The routes of a model, by what is made. `between`: a video from a first to a last frame, where that has an endpoint of its own. */
export type FalRouteName = 'generate' | 'edit' | 'inpaint' | 'animate' | 'between'

export interface FalModel {
  name: string
  note: string | null
  kind: 'image' | 'video'
  routes: Partial<Record<FalRouteName, FalRoute>>
  /** Fields of the size: `image_size` with pixels, `aspect_ratio` with `resolution`, or none. */
  sizeFields: 'image_size' | 'ratio' | 'none'
  sizes: Sizes
  /** Whole seconds, of a video. */
  durations: readonly number[]
  /** The form of `duration`: `8s` or `8`. */
  durationUnit: 's' | ''
  seed: boolean
  negativePrompt: boolean
  /** Most reference images of an edit. */
  maxImages: number
  settings: Readonly<Record<string, Setting>>
  /** `listed`: what fal lists is the price of an output; `varies`: it is multiplied by size or settings, in a way that fal does not list. */
  price: 'listed' | 'varies' | Price
  /** Whether its logs have a progress bar. [U] */
  progress: boolean
  estimatedSeconds: number
  maxSeconds: number
}

/** Properties that models have in common, unless they have their own. */
export const COMMON = {
  kind: 'image',
  durations: [],
  durationUnit: '',
  seed: true,
  negativePrompt: false,
  maxImages: 1,
  note: null,
  price: 'listed',
  progress: false,
  estimatedSeconds: 15,
  maxSeconds: 600,
} satisfies Partial<FalModel>

/** Creates a setting with a list of values. */
export function createChoice(title: string, values: readonly string[], chosen: string): Setting {
  return { type: 'string', title, enum: [...values], default: chosen }
}

/** Creates a setting that is on or off. */
export function createToggle(title: string, chosen: boolean): Setting {
  return { type: 'boolean', title, default: chosen }
}

/** The setting of the safety checker with six steps: 1 is the strictest. */
export const STRICT_TO_6 = createChoice('Safety Tolerance', ['1', '2', '3', '4', '5', '6'], '4')
