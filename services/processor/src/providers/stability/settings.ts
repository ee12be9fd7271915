import type { Setting } from '@darkroom/contracts/model'

/** Styles of `style_preset`. [D github:gambithunt/imagen, sd_core.instructions.md, a copy of platform.stability.ai/docs/api-reference] */
const STYLES = [
  'photographic',
  'cinematic',
  'analog-film',
  'digital-art',
  'enhance',
  'anime',
  'comic-book',
  'fantasy-art',
  'line-art',
  'low-poly',
  'isometric',
  'neon-punk',
  'origami',
  'pixel-art',
  'modeling-compound',
  '3d-model',
  'tile-texture',
]

const STYLE: Setting = { type: 'string', title: 'Style', enum: STYLES }

/** Growth of the mask at its edge: 0 to 20 [D generated from the OpenAPI document of api.stability.ai]. */
const GROW_MASK: Setting = {
  type: 'integer',
  title: 'Grow mask',
  description: 'Pixels by which the part that is changed is made larger.',
  minimum: 0,
  maximum: 20,
  default: 5,
}

const STRENGTH: Setting = {
  type: 'number',
  title: 'Change of the picture',
  description: '0 leaves a picture that it starts from as it is, 1 ignores it.',
  minimum: 0,
  maximum: 1,
  default: 0.6,
  'x-group': 'Reference',
}

const CFG_SCALE: Setting = {
  type: 'number',
  title: 'Guidance',
  description: 'How closely it follows the prompt.',
  minimum: 1,
  maximum: 10,
}

/** Settings by their names in the requests. Which model takes which is in the catalogue. */
export const SETTINGS = {
  style_preset: STYLE,
  strength: STRENGTH,
  cfg_scale: CFG_SCALE,
  grow_mask: GROW_MASK,
  search_prompt: {
    type: 'string',
    title: 'What is replaced',
    description: 'The thing in the picture that the prompt replaces, in a few words. It is needed.',
    maxLength: 1_000,
  },
  select_prompt: {
    type: 'string',
    title: 'What is recoloured',
    description: 'The thing in the picture that gets the colours of the prompt, in a few words. It is needed.',
    maxLength: 1_000,
  },
  foreground_prompt: {
    type: 'string',
    title: 'Subject',
    description: 'The subject in a few words, so that the background does not bleed into it.',
    maxLength: 1_000,
  },
  preserve_original_subject: {
    type: 'number',
    title: 'Likeness of the subject',
    description: '1 leaves every pixel of it, below that its light is adapted.',
    minimum: 0,
    maximum: 1,
    default: 0.6,
  },
  original_background_depth: {
    type: 'number',
    title: 'Depth of the old background',
    minimum: 0,
    maximum: 1,
    default: 0.5,
  },
  light_source_direction: {
    type: 'string',
    title: 'Light from',
    enum: ['left', 'right', 'above', 'below'],
  },
  light_source_strength: {
    type: 'number',
    title: 'Strength of the light',
    description: 'With a direction of the light, or a third picture.',
    minimum: 0,
    maximum: 1,
    default: 0.3,
  },
} as const satisfies Record<string, Setting>

/** Returns the setting of the file's format. */
export function createFormatSetting(formats: readonly string[]): Setting {
  return { type: 'string', title: 'Format', enum: [...formats], default: 'png' }
}

/** Returns the setting of how much an enlargement may invent. */
export function createCreativitySetting(minimum: number, maximum: number, preset: number): Setting {
  const description = 'How much it may invent.'
  return { type: 'number', title: 'Creativity', description, minimum, maximum, default: preset }
}
