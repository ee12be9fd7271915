import { ASPECT_RATIOS, RESOLUTIONS } from './enums.ts'
import type { Sizes } from './model.ts'

/** Width and height in pixels. */
export interface PixelSize {
  width: number
  height: number
}

/** The chosen size of a submission, in the model's own terms. */
export interface SizeChoice {
  /** Width to height, as `3:2`. */
  aspectRatio: string
  /** Side of the square of equal area, a tier as `2K`, pixels as `1536x1024`, or `auto`. */
  resolution: number | string
}

const EDGE_STEP = 8
/** Side of the square that has the area of an image of size `auto`, until it is there. */
const AUTO_SIDE = 1_024
const PIXELS = /^(\d{1,5})x(\d{1,5})$/
const MAX_RATIO_TERM = 32
const RATIO_TOLERANCE = 0.01

/**
 * Returns the size of an image before it exists.
 *
 * @param ratio width to height, as `3:2`
 * @param resolution side of the square of equal area, in pixels
 * @param step each edge is a multiple of it, in pixels
 */
export function computeSize(ratio: string, resolution: number, step = EDGE_STEP): PixelSize {
  const quotient = parseRatio(ratio)
  const height = resolution / Math.sqrt(quotient)
  return { width: roundToStep(height * quotient, step), height: roundToStep(height, step) }
}

/**
 * Returns the pixels of a chosen size; undefined if the model does not offer it.
 *
 * @param reference size of the first reference, whose ratio an image of size `auto` gets; a model that enlarges it makes a multiple of it
 */
export function resolveSize(sizes: Sizes, choice: SizeChoice, reference?: PixelSize): PixelSize | undefined {
  if (sizes.kind === 'scale') return choice.resolution === 'auto' ? computeScaledSize(sizes, reference) : undefined
  if (choice.resolution === 'auto') return sizes.auto ? reserveAutoSize(reference) : undefined
  if (sizes.kind === 'list') return findListedSize(sizes.sizes, choice)
  if (sizes.kind === 'ratio') return computeTierSize(sizes, choice)
  return computeGridSize(sizes, choice)
}

/** Lists the aspect ratios that a model offers. */
export function listAspectRatios(sizes: Sizes): string[] {
  if (sizes.kind === 'scale') return []
  if (sizes.kind === 'ratio') return [...sizes.ratios]
  if (sizes.kind === 'list') return [...new Set(sizes.sizes.map(formatRatio))]
  return ASPECT_RATIOS.filter(
    ratio => listResolutions(sizes, ratio).length > 0 && isRatioInGrid(sizes, parseRatio(ratio)),
  )
}

/** Lists the resolutions that a model offers for an aspect ratio, the smallest first, `auto` last. */
export function listResolutions(sizes: Sizes, aspectRatio: string): (number | string)[] {
  const auto = sizes.auto ? ['auto'] : []
  if (sizes.kind === 'scale') return auto
  if (sizes.kind === 'ratio') return [...sizes.tiers.map(tier => tier.name), ...auto]
  if (sizes.kind === 'list') {
    const matching = sizes.sizes.filter(size => formatRatio(size) === aspectRatio)
    return [...matching.toSorted((a, b) => getArea(a) - getArea(b)).map(formatPixels), ...auto]
  }
  return [...RESOLUTIONS.filter(resolution => computeGridSize(sizes, { aspectRatio, resolution })), ...auto]
}

/** Formats pixels as a resolution: `1536x1024`. */
export function formatPixels({ width, height }: PixelSize): string {
  return `${width}x${height}`
}

/** Returns the simplest aspect ratio of a size, within one in a hundred: `3:2`. */
export function formatRatio({ width, height }: PixelSize): string {
  const quotient = width / height
  for (let down = 1; down <= MAX_RATIO_TERM; down += 1) {
    const across = Math.max(1, Math.round(quotient * down))
    if (Math.abs(across / down / quotient - 1) < RATIO_TOLERANCE) return `${across}:${down}`
  }
  return quotient > 1 ? `${Math.round(quotient)}:1` : `1:${Math.round(1 / quotient)}`
}

type Grid = Extract<Sizes, { kind: 'grid' }>

/** Returns the pixels of a choice: any that are in the grid, or those of a standard ratio and resolution. */
function computeGridSize(grid: Grid, { aspectRatio, resolution }: SizeChoice): PixelSize | undefined {
  const size =
    typeof resolution === 'string' ? parsePixels(resolution) : computeStandardSize(grid, aspectRatio, resolution)
  return size && isInGrid(grid, size) ? size : undefined
}

function computeStandardSize({ step }: Grid, aspectRatio: string, resolution: number): PixelSize | undefined {
  const isStandard = ASPECT_RATIOS.some(ratio => ratio === aspectRatio) && RESOLUTIONS.some(side => side === resolution)
  return isStandard ? computeSize(aspectRatio, resolution, step) : undefined
}

function isInGrid(grid: Grid, { width, height }: PixelSize): boolean {
  const sides = [width, height]
  const area = width * height
  return (
    sides.every(side => side % grid.step === 0 && side >= grid.minSide && side <= grid.maxSide) &&
    area >= grid.minPixels &&
    area <= grid.maxPixels &&
    isRatioInGrid(grid, width / height)
  )
}

function isRatioInGrid({ maxRatio }: Grid, quotient: number): boolean {
  // Edges are rounded to the step, which moves the ratio a little.
  return Math.max(quotient, 1 / quotient) <= maxRatio * (1 + RATIO_TOLERANCE)
}

function findListedSize(sizes: readonly PixelSize[], { aspectRatio, resolution }: SizeChoice): PixelSize | undefined {
  if (typeof resolution === 'string') return sizes.find(size => formatPixels(size) === resolution)
  const matching = sizes.filter(size => formatRatio(size) === aspectRatio)
  const distance = (size: PixelSize) => Math.abs(Math.sqrt(getArea(size)) - resolution)
  return matching.toSorted((a, b) => distance(a) - distance(b))[0]
}

function computeTierSize(
  { ratios, tiers }: Extract<Sizes, { kind: 'ratio' }>,
  { aspectRatio, resolution }: SizeChoice,
): PixelSize | undefined {
  const tier = tiers.find(({ name, side }) => name === resolution || side === resolution)
  return tier && ratios.includes(aspectRatio) ? computeSize(aspectRatio, tier.side) : undefined
}

/** Returns the multiple of an image's size; undefined if it is too large. An image that is not known yet is taken for one of the usual size. */
function computeScaledSize(
  { factor, maxSide, maxPixels }: Extract<Sizes, { kind: 'scale' }>,
  reference: PixelSize | undefined,
): PixelSize | undefined {
  if (!reference) return { width: AUTO_SIDE * factor, height: AUTO_SIDE * factor }
  const size = { width: reference.width * factor, height: reference.height * factor }
  return Math.max(size.width, size.height) <= maxSide && getArea(size) <= maxPixels ? size : undefined
}

function reserveAutoSize(reference: PixelSize | undefined): PixelSize {
  if (!reference) return { width: AUTO_SIDE, height: AUTO_SIDE }
  const height = AUTO_SIDE / Math.sqrt(reference.width / reference.height)
  return {
    width: roundToStep((height * reference.width) / reference.height, EDGE_STEP),
    height: roundToStep(height, EDGE_STEP),
  }
}

function parsePixels(text: string): PixelSize | undefined {
  const [, width, height] = PIXELS.exec(text) ?? []
  return width && height ? { width: Number(width), height: Number(height) } : undefined
}

function parseRatio(ratio: string): number {
  const [across = 1, down = 1] = ratio.split(':').map(Number)
  return across / down
}

function getArea({ width, height }: PixelSize): number {
  return width * height
}

function roundToStep(pixels: number, step: number): number {
  return Math.max(step, Math.round(pixels / step) * step)
}
