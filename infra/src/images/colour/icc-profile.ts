import { type Chromaticities, computeProfileColorants, D50, type Vector } from './chromaticities.ts'

/** Curve from encoded to linear values: a power, or that of sRGB. */
export type Transfer = { gamma: number } | 'srgb'

const [HEADER_BYTES, TAG_BYTES] = [128, 12]
/** Parameters of sRGB's curve, as a parametric curve of type 3 has them: exponent, then scale, offset, slope and limit of its parts. */
const SRGB_CURVE = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]

/**
 * Creates a colour profile of primaries and a curve, for files that state them in another way.
 *
 * @see https://www.color.org/specification/ICC.1-2022-05.pdf
 */
export function createRgbProfile(chromaticities: Chromaticities, transfer: Transfer): Buffer {
  const [red, green, blue] = computeProfileColorants(chromaticities)
  const curve = createCurve(transfer)
  return createProfile('RGB ', [
    ...(
      [
        ['rXYZ', red],
        ['gXYZ', green],
        ['bXYZ', blue],
      ] as const
    ).map(([tag, value]) => [tag, createXyz(value)] as const),
    ...['rTRC', 'gTRC', 'bTRC'].map(tag => [tag, curve] as const),
  ])
}

/** Creates a colour profile of a grey curve. */
export function createGreyProfile(transfer: Transfer): Buffer {
  return createProfile('GRAY', [['kTRC', createCurve(transfer)]])
}

/** Returns whether a colour profile has the form of one. Whether its curves and tables make sense is seen by the decoder. */
export function isUsableProfile(profile: Buffer): boolean {
  return profile.length > HEADER_BYTES && profile.toString('latin1', 36, 40) === 'acsp'
}

function createProfile(space: string, colours: (readonly [tag: string, data: Buffer])[]): Buffer {
  const text = createText('Darkroom')
  const tags = [['desc', text], ['cprt', text], ['wtpt', createXyz(D50)], ...colours] as const
  const table = Buffer.alloc(4 + tags.length * TAG_BYTES)
  table.writeUInt32BE(tags.length)
  let offset = HEADER_BYTES + table.length
  for (const [index, [tag, data]] of tags.entries()) {
    const at = 4 + index * TAG_BYTES
    table.write(tag, at, 'latin1')
    table.writeUInt32BE(offset, at + 4)
    table.writeUInt32BE(data.length, at + 8)
    offset += data.length
  }
  return Buffer.concat([createHeader(space, offset), table, ...tags.map(([, data]) => data)])
}

function createHeader(space: string, bytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(bytes)
  header.writeUInt32BE(0x04_30_00_00, 8)
  header.write(`mntr${space}XYZ `, 12, 'latin1')
  header.write('acsp', 36, 'latin1')
  for (const [index, value] of D50.entries()) header.writeInt32BE(toFixed(value), 68 + 4 * index)
  return header
}

function createXyz(values: Vector): Buffer {
  const tag = Buffer.alloc(20)
  tag.write('XYZ ', 0, 'latin1')
  for (const [index, value] of values.entries()) tag.writeInt32BE(toFixed(value), 8 + 4 * index)
  return tag
}

function createCurve(transfer: Transfer): Buffer {
  const parameters = transfer === 'srgb' ? SRGB_CURVE : [transfer.gamma]
  const tag = Buffer.alloc(12 + 4 * parameters.length)
  tag.write('para', 0, 'latin1')
  tag.writeUInt16BE(transfer === 'srgb' ? 3 : 0, 8)
  for (const [index, value] of parameters.entries()) tag.writeInt32BE(toFixed(value), 12 + 4 * index)
  return tag
}

/** Creates a text in one language: multi-localized Unicode. */
function createText(text: string): Buffer {
  const encoded = Buffer.from(text, 'utf16le').swap16()
  const tag = Buffer.alloc(28)
  tag.write('mluc', 0, 'latin1')
  tag.writeUInt32BE(1, 8)
  tag.writeUInt32BE(12, 12)
  tag.write('enUS', 16, 'latin1')
  tag.writeUInt32BE(encoded.length, 20)
  tag.writeUInt32BE(28, 24)
  return Buffer.concat([tag, encoded])
}

/** Returns a number as the ICC's fixed-point form, with 16 bits after the point. */
function toFixed(value: number): number {
  return Math.round(value * 65_536)
}
