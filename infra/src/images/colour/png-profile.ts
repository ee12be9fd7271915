import { deflateSync } from 'node:zlib'
import { createChunk } from '../metadata/png-chunks.ts'
import { type Chromaticities, SRGB } from './chromaticities.ts'
import { createCodePointProfile } from './code-points.ts'
import { createGreyProfile, createRgbProfile, type Transfer } from './icc-profile.ts'

/** The data of the chunks in which a PNG states its colours without a profile, by their types. */
export type PngColours = ReadonlyMap<string, Buffer>

/** The unit of numbers in `gAMA` and `cHRM`. */
const UNIT = 100_000
/** The exponent that programs state for sRGB. */
const SRGB_GAMMA = 2.2
const MAX_GAMMA = 10
/** Differences from sRGB that are not seen: many programs round its numbers. */
const [GAMMA_TOLERANCE, CHROMATICITY_TOLERANCE] = [0.05, 0.01]

/**
 * Creates a chunk with the colour profile that amounts to what other chunks of a PNG state, for a decoder that reads profiles alone.
 *
 * @returns undefined if they amount to sRGB, or state nothing
 * @see https://www.w3.org/TR/png-3/#4Concepts.ColourSpaces for which of them counts
 */
export function createPngProfile(colours: PngColours, isGrey: boolean): Buffer | undefined {
  const codePoints = colours.get('cICP')
  if (codePoints && codePoints.length >= 4) {
    const profile = isGrey ? undefined : createCodePointProfile(codePoints.readUInt8(0), codePoints.readUInt8(1))
    return profile && createProfileChunk(profile)
  }
  if (colours.has('sRGB')) return undefined
  const gamma = readGamma(colours.get('gAMA'))
  const isUsual = gamma === undefined || Math.abs(gamma / SRGB_GAMMA - 1) < GAMMA_TOLERANCE
  const chromaticities = isGrey ? SRGB : readChromaticities(colours.get('cHRM'))
  if (isUsual && chromaticities === SRGB) return undefined
  const transfer: Transfer = gamma === undefined ? 'srgb' : { gamma }
  return createProfileChunk(isGrey ? createGreyProfile(transfer) : createRgbProfile(chromaticities, transfer))
}

function createProfileChunk(profile: Buffer): Buffer {
  return createChunk('iCCP', Buffer.concat([Buffer.from('profile\0\0', 'latin1'), deflateSync(profile)]))
}

/** Reads the exponent of the curve, which is the inverse of what the chunk states; undefined if it makes no sense. */
function readGamma(chunk: Buffer | undefined): number | undefined {
  const value = chunk && chunk.length >= 4 ? chunk.readUInt32BE(0) : 0
  return value >= UNIT / MAX_GAMMA && value <= UNIT * MAX_GAMMA ? UNIT / value : undefined
}

function readChromaticities(chunk: Buffer | undefined): Chromaticities {
  if (!chunk || chunk.length < 32) return SRGB
  const point = (index: number) =>
    [chunk.readUInt32BE(8 * index) / UNIT, chunk.readUInt32BE(8 * index + 4) / UNIT] as const
  const read = { white: point(0), red: point(1), green: point(2), blue: point(3) }
  return isPlausible(read) && !isNear(read, SRGB) ? read : SRGB
}

/** Returns whether the primaries span an area with the white point within it. */
function isPlausible({ white, red, green, blue }: Chromaticities): boolean {
  const side = ([x, y]: Point, [toX, toY]: Point) => (toX - x) * (white[1] - y) - (toY - y) * (white[0] - x)
  const sides = [side(red, green), side(green, blue), side(blue, red)]
  const isWithin = sides.every(value => value > 0.001) || sides.every(value => value < -0.001)
  return isWithin && [white, red, green, blue].every(([x, y]) => x <= 1 && y > 0.00001 && y <= 1)
}

type Point = Chromaticities['white']

function isNear(one: Chromaticities, other: Chromaticities): boolean {
  const isNearPoint = ([x, y]: Point, [otherX, otherY]: Point) =>
    Math.max(Math.abs(x - otherX), Math.abs(y - otherY)) <= CHROMATICITY_TOLERANCE
  return (['white', 'red', 'green', 'blue'] as const).every(name => isNearPoint(one[name], other[name]))
}
