import { type Chromaticities, DISPLAY_P3, REC_2020, SRGB } from './chromaticities.ts'
import { createRgbProfile, type Transfer } from './icc-profile.ts'

const PRIMARIES: Record<number, Chromaticities> = { 1: SRGB, 9: REC_2020, 12: DISPLAY_P3 }
/** Curves of images. Those of video (1, 6, 14, 15) are shown by the curve of sRGB, as browsers do. */
const TRANSFERS: Record<number, Transfer> = {
  ...{ 1: 'srgb', 6: 'srgb', 13: 'srgb', 14: 'srgb', 15: 'srgb' },
  ...{ 4: { gamma: 2.2 }, 5: { gamma: 2.8 }, 8: { gamma: 1 } },
}

/**
 * Creates the colour profile for code points of primaries and transfer; undefined for sRGB, for unspecified ones, and for those with a
 * high dynamic range, which a profile cannot describe.
 *
 * @see https://www.itu.int/rec/T-REC-H.273
 */
export function createCodePointProfile(primaries: number, transfer: number): Buffer | undefined {
  const [chromaticities, curve] = [PRIMARIES[primaries], TRANSFERS[transfer]]
  if (!chromaticities || !curve || (chromaticities === SRGB && curve === 'srgb')) return undefined
  return createRgbProfile(chromaticities, curve)
}
