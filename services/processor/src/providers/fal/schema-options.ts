import type { Sizes } from '@darkroom/contracts/model'
import type { FalModel } from './fal-model.ts'
import type { InputField, InputSchema } from './input-schema.ts'

/** Sides of the square that has the area of a tier, by its name in lower case. */
const TIER_SIDES: Readonly<Record<string, number>> = {
  '360p': 480,
  '480p': 640,
  '540p': 720,
  '720p': 960,
  '1080p': 1_440,
  '1440p': 1_920,
  '0.5k': 512,
  '1k': 1_024,
  '2k': 2_048,
  '4k': 4_096,
}
/** `4k` is a size of films, and another one of images. */
const VIDEO_4K_SIDE = 2_880
const RATIO = /^[1-9]\d{0,2}:[1-9]\d{0,2}$/
const MAX_SECONDS = 60

/** Returns the sizes of a model: its ratios and tiers are those that all of its inputs take. */
export function createSchemaSizes({ sizes, kind }: FalModel, inputs: readonly InputSchema[]): Sizes {
  if (sizes.kind !== 'ratio') return sizes
  const ratios = findCommonValues(inputs, 'aspect_ratio').filter(value => RATIO.test(value))
  const tiers = findCommonValues(inputs, 'resolution').flatMap(name => {
    const side = kind === 'video' && name.toLowerCase() === '4k' ? VIDEO_4K_SIDE : TIER_SIDES[name.toLowerCase()]
    return side === undefined ? [] : [{ name, side }]
  })
  return {
    ...sizes,
    ratios: ratios.length > 0 ? ratios : sizes.ratios,
    tiers: tiers.length > 0 ? tiers : sizes.tiers,
  }
}

/** Returns the seconds that all inputs of a model take, in the form that the catalogue has for them. */
export function createSchemaDurations(
  { durations, durationUnit }: FalModel,
  inputs: readonly InputSchema[],
): readonly number[] {
  if (durations.length === 0) return []
  const pattern = new RegExp(`^\\d{1,2}${durationUnit}$`)
  const seconds = findCommonValues(inputs, 'duration')
    .filter(value => pattern.test(value))
    .map(value => Number.parseInt(value, 10))
    .filter(value => value >= 1 && value <= MAX_SECONDS)
  return seconds.length > 0 ? seconds.toSorted((a, b) => a - b) : durations
}

/** Returns whether all inputs have a field. */
export function isCommonField(inputs: readonly InputSchema[], name: string): boolean {
  return inputs.every(({ fields }) => fields.has(name))
}

function findCommonValues(inputs: readonly InputSchema[], name: string): string[] {
  const [first, ...others] = inputs.map(({ fields }) => listTexts(fields.get(name)))
  return (first ?? []).filter(value => others.every(values => values.includes(value)))
}

function listTexts(field: InputField | undefined): string[] {
  return field?.values?.filter(value => typeof value === 'string') ?? []
}
