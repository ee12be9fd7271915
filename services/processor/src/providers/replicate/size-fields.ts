import type { Kind } from '@darkroom/contracts/enums'
import type { Sizes } from '@darkroom/contracts/model'
import type { ProviderRequest } from '../adapter.ts'
import type { InputField } from './input-schema.ts'

/** The inputs of a model by which the size of an output is chosen, and the sizes that they amount to. */
export interface SizeFields {
  sizes: Sizes
  /** Names of the inputs that are not offered as settings. */
  names: readonly string[]
  /** Returns the values of these inputs for a request. */
  fill(request: Pick<ProviderRequest, SizedKeys>): Record<string, string | number>
}

type SizedKeys = 'width' | 'height' | 'aspectRatio' | 'resolution' | 'references'

const RATIO_NAMES = ['aspect_ratio', 'ratio']
const TIER_NAMES = ['resolution', 'megapixels', 'size', 'image_size', 'output_resolution', 'quality']
const LIST_NAMES = ['size', 'image_size', 'resolution']
const SCALE_NAMES = ['scale', 'scale_factor', 'upscale_factor']
const RATIO = /^[1-9]\d{0,2}:[1-9]\d{0,2}$/
const PIXELS = /^(\d{2,5})\s*[x*×]\s*(\d{2,5})$/
/** Values by which the size follows an input image. */
const MATCHING = ['match_input_image', 'auto', 'adaptive']
const MAX_SIDE = 16_384

/**
 * Finds the inputs for the size: an aspect ratio, with or without tiers; else a list of sizes, else width and height, else a factor by which
 * the image is enlarged. Where there are none, the model decides.
 */
export function findSizeFields(
  fields: readonly InputField[],
  { kind, isUpscaling }: { kind: Kind; isUpscaling: boolean },
): SizeFields {
  return (
    findRatioFields(fields, kind) ??
    findListField(fields) ??
    findSideFields(fields) ??
    (isUpscaling ? findScaleField(fields) : undefined) ??
    createUnsized(kind)
  )
}

interface Tier {
  name: string
  side: number
  value: string | number
}

function findRatioFields(fields: readonly InputField[], kind: Kind): SizeFields | undefined {
  const field = findField(fields, RATIO_NAMES, ({ options }) => options.some(isRatio))
  if (!field) return undefined
  const tiered = findField(fields, TIER_NAMES, field => listTiers(field, kind).length > 0)
  const tiers = tiered ? listTiers(tiered, kind) : []
  const auto = field.options.find(option => MATCHING.includes(String(option)))
  const autoTier = tiered?.options.find(option => MATCHING.includes(String(option)))
  return {
    names: [field.name, ...(tiered ? [tiered.name] : []), 'width', 'height'],
    sizes: {
      kind: 'ratio',
      ratios: field.options.filter(isRatio).map(String),
      tiers: tiers.length > 0 ? tiers.map(({ name, side }) => ({ name, side })) : [SINGLE_TIER[kind]],
      auto: auto !== undefined,
    },
    fill: ({ aspectRatio, resolution, references }) => {
      const isAuto = resolution === 'auto'
      // Without an image there is nothing to match: the model decides.
      if (isAuto && references.length === 0) return {}
      const tier = isAuto ? autoTier : tiers.find(({ name, side }) => name === resolution || side === resolution)?.value
      const ratio = isAuto ? auto : aspectRatio
      return {
        ...(ratio !== undefined && { [field.name]: ratio }),
        ...(tiered && tier !== undefined && { [tiered.name]: tier }),
      }
    },
  }
}

/** The one tier of a model that offers no choice. */
const SINGLE_TIER: Readonly<Record<Kind, { name: string; side: number }>> = {
  image: { name: '1K', side: 1_024 },
  video: { name: '720p', side: 960 },
}

function isRatio(option: string | number): boolean {
  return RATIO.test(String(option))
}

/** Returns the tiers of an input, the smallest first. Options that are none are left out, as `custom`. */
function listTiers({ name: field, options }: InputField, kind: Kind): Tier[] {
  const tiers = options.flatMap((value): Tier[] => {
    const text = String(value).replaceAll(/\s+/g, '')
    // A bare number is one of megapixels.
    const name = field === 'megapixels' && /^[\d.]+$/.test(text) ? `${text}MP` : text
    const side = parseSide(name, kind)
    return side === undefined ? [] : [{ name, side, value }]
  })
  return tiers.toSorted((a, b) => a.side - b.side)
}

/** Returns the side of the square of equal area of `2K`, `1080p` or `0.5MP`; undefined if it is none. */
function parseSide(name: string, kind: Kind): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,4}(?:\.\d{1,3})?)(MP|K|p)$/i.exec(name) ?? []
  const number = Number(digits)
  const side = Math.round(SIDES[unit.toLowerCase()]?.(number, kind) ?? 0)
  return side >= 64 && side <= MAX_SIDE ? side : undefined
}

/** Sides by unit. A video of 1080p has 1,920 × 1,080 pixels, whose square has a side of 1,440; one of 4K has twice as many lines. */
const SIDES: Readonly<Record<string, (number: number, kind: Kind) => number>> = {
  mp: number => Math.sqrt(number) * 1_024,
  k: (number, kind) => number * (kind === 'video' ? 720 : 1_024),
  p: number => (number * 4) / 3,
}

function findListField(fields: readonly InputField[]): SizeFields | undefined {
  const field = findField(fields, LIST_NAMES, ({ options }) => options.some(option => parsePixels(option)))
  if (!field) return undefined
  const listed = field.options.flatMap(value => {
    const size = parsePixels(value)
    return size ? [{ ...size, value }] : []
  })
  const auto = field.options.find(option => MATCHING.includes(String(option)))
  return {
    names: [field.name, 'width', 'height'],
    sizes: {
      kind: 'list',
      sizes: listed.map(({ width, height }) => ({ width, height })),
      auto: auto !== undefined,
    },
    fill: ({ width, height, resolution }) => {
      const found = listed.find(size => size.width === width && size.height === height)
      const value = resolution === 'auto' ? auto : found?.value
      return value === undefined ? {} : { [field.name]: value }
    },
  }
}

function parsePixels(option: string | number): { width: number; height: number } | undefined {
  const [, width, height] = PIXELS.exec(String(option)) ?? []
  const size = { width: Number(width ?? 0), height: Number(height ?? 0) }
  return Object.values(size).every(side => side >= 16 && side <= MAX_SIDE) ? size : undefined
}

/** Sides of a model whose schema names no limits. */
const DEFAULT_SIDES = { min: 256, max: 1_440 }
const SIDE_STEP = 16

function findSideFields(fields: readonly InputField[]): SizeFields | undefined {
  const width = findField(fields, ['width'], ({ type }) => type === 'integer' || type === 'number')
  const height = findField(fields, ['height'], ({ type }) => type === 'integer' || type === 'number')
  if (!width || !height || width.options.length + height.options.length > 0) return undefined
  const step = Math.min(512, Math.max(SIDE_STEP, Math.round(width.multipleOf ?? 1), Math.round(height.multipleOf ?? 1)))
  const minSide = Math.ceil(Math.max(step, width.minimum ?? DEFAULT_SIDES.min, height.minimum ?? DEFAULT_SIDES.min))
  const maxSide = Math.floor(
    Math.min(MAX_SIDE, width.maximum ?? DEFAULT_SIDES.max, height.maximum ?? DEFAULT_SIDES.max),
  )
  if (maxSide < minSide) return undefined
  return {
    names: ['width', 'height'],
    sizes: {
      kind: 'grid',
      ...{ step, minSide, maxSide },
      minPixels: minSide * minSide,
      maxPixels: maxSide * maxSide,
      maxRatio: Math.max(1, Math.min(4, maxSide / minSide)),
      auto: false,
    },
    fill: request => ({ width: request.width, height: request.height }),
  }
}

/** Largest result of an enlargement. [U] */
const ENLARGED = { maxSide: 16_384, maxPixels: 100_000_000 }

function findScaleField(fields: readonly InputField[]): SizeFields | undefined {
  const field = findField(fields, SCALE_NAMES, ({ options }) => options.length === 0 || options.some(toFactor))
  if (!field) return undefined
  const factors = (field.options.length > 0 ? field.options : [field.default ?? 4]).flatMap(value => {
    const factor = typeof value === 'boolean' ? undefined : toFactor(value)
    return factor === undefined ? [] : [{ factor, value }]
  })
  const chosen = factors.find(({ value }) => value === field.default) ?? factors[0]
  if (!chosen || typeof chosen.value === 'boolean') return undefined
  const { factor, value } = chosen
  return {
    names: [field.name],
    sizes: { kind: 'scale', factor, ...ENLARGED, auto: true },
    fill: () => ({ [field.name]: value }),
  }
}

/** Returns the factor of `4`, `4x` or `x4`. */
function toFactor(value: string | number): number | undefined {
  const factor = Number(/^x?(\d{1,2})x?$/i.exec(String(value))?.[1] ?? 0)
  return factor >= 2 && factor <= 16 ? factor : undefined
}

/** Creates the fields of a size that is not chosen: it is that of the input image, or one that the model decides. */
function createUnsized(kind: Kind): SizeFields {
  const size = kind === 'video' ? { width: 1_280, height: 720 } : { width: 1_024, height: 1_024 }
  return { names: [], sizes: { kind: 'list', sizes: [size], auto: true }, fill: () => ({}) }
}

function findField(
  fields: readonly InputField[],
  names: readonly string[],
  isFit: (field: InputField) => boolean,
): InputField | undefined {
  return names.map(name => fields.find(field => field.name === name)).find(field => field !== undefined && isFit(field))
}
