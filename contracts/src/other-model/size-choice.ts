import type { Sizes } from '../model.ts'
import {
  formatRatio,
  listAspectRatios,
  listResolutions,
  type PixelSize,
  resolveSize,
  type SizeChoice,
} from '../size.ts'

const STANDARD_SIDE = 1_024
const PIXELS = /^(\d{1,5})x(\d{1,5})$/
const TIER = /^(\d+(?:\.\d+)?)(K|MP)$/i

/** Returns the choice within the sizes that a model offers: the same one, else the nearest. Adapting it again changes nothing. */
export function adaptSize(choice: SizeChoice, sizes: Sizes): SizeChoice {
  if (choice.resolution === 'auto' && sizes.auto) return choice
  if (isExact(choice, sizes)) return choice
  const aspectRatio = findNearestRatio(listAspectRatios(sizes), choice.aspectRatio)
  return { aspectRatio, resolution: findNearestResolution(sizes, aspectRatio, choice.resolution) }
}

/** Returns a choice whose ratio is that of its pixels, where it names pixels. */
export function withRatioOfPixels({ aspectRatio, resolution }: SizeChoice): SizeChoice {
  const pixels = parsePixels(resolution)
  return { aspectRatio: pixels ? formatRatio(pixels) : aspectRatio, resolution }
}

/** Lists the resolutions that are offered for a chosen ratio, without `auto`, and the chosen one if it is another. */
export function listChoices(sizes: Sizes, { aspectRatio, resolution }: SizeChoice): (number | string)[] {
  const offered = listResolutions(sizes, aspectRatio).filter(option => option !== 'auto')
  return offered.includes(resolution) || resolution === 'auto' ? offered : [...offered, resolution]
}

/** Returns width divided by height of a ratio: 1.5 for `3:2`. */
export function toQuotient(ratio: string): number {
  const [across = 1, down = 1] = ratio.split(':').map(Number)
  return across / down
}

/** Returns whether a model offers exactly this. Pixels of another ratio than the chosen one were chosen for that ratio. */
function isExact({ aspectRatio, resolution }: SizeChoice, sizes: Sizes): boolean {
  const pixels = parsePixels(resolution)
  if (sizes.kind !== 'grid' && !listResolutions(sizes, aspectRatio).includes(resolution)) return false
  if (pixels && formatRatio(pixels) !== aspectRatio) return false
  return resolveSize(sizes, { aspectRatio, resolution }) !== undefined
}

function findNearestRatio(ratios: readonly string[], wanted: string): string {
  const distance = (ratio: string) => Math.abs(Math.log(toQuotient(ratio) / toQuotient(wanted)))
  return ratios.includes(wanted) ? wanted : (ratios.toSorted((a, b) => distance(a) - distance(b))[0] ?? '1:1')
}

function findNearestResolution(sizes: Sizes, aspectRatio: string, wanted: number | string): number | string {
  const offered = listResolutions(sizes, aspectRatio).filter(option => option !== 'auto')
  if (offered.includes(wanted)) return wanted
  const side = toSide(wanted)
  const distance = (resolution: number | string) => {
    const size = resolveSize(sizes, { aspectRatio, resolution })
    return size ? Math.abs(Math.log(Math.sqrt(size.width * size.height) / side)) : Infinity
  }
  return offered.toSorted((a, b) => distance(a) - distance(b))[0] ?? (sizes.auto ? 'auto' : STANDARD_SIDE)
}

/** Returns the side of the square of equal area, in pixels, as far as a resolution names it. */
function toSide(resolution: number | string): number {
  if (typeof resolution === 'number') return resolution
  const pixels = parsePixels(resolution)
  if (pixels) return Math.sqrt(pixels.width * pixels.height)
  const [, amount, unit] = TIER.exec(resolution) ?? []
  if (amount === undefined) return STANDARD_SIDE
  return unit?.toUpperCase() === 'K' ? Number(amount) * 1_024 : Math.sqrt(Number(amount)) * 1_000
}

function parsePixels(resolution: number | string): PixelSize | undefined {
  const [, width, height] = PIXELS.exec(String(resolution)) ?? []
  return width && height ? { width: Number(width), height: Number(height) } : undefined
}
