/** A colour channel of a thumbhash: its average, and its waves, each with its strength and its frequencies along both axes. */
interface Channel {
  average: number
  strengths: number[]
  across: number[]
  down: number[]
}

interface Size {
  width: number
  height: number
}

/** No wave of a hash has a higher frequency. */
const FREQUENCIES = 7
/** Bytes before the pixels: the icon's list of one bitmap, and the bitmap's header. */
const [LIST_BYTES, HEADER_BYTES] = [22, 40]
const PIXELS_FROM = LIST_BYTES + HEADER_BYTES
/** Bytes of the mask that an icon has for each row, of up to 32 pixels. It masks nothing here. */
const MASK_ROW_BYTES = 4

/**
 * Draws a thumbhash. At a longest edge of 32 pixels, the pixels are those that the package `thumbhash` computes. The package takes six times
 * as long, too long for a fast scroll: it computes each cosine for each pixel, and a PNG with its checksums.
 *
 * @param longestEdge in pixels, at most 32
 * @returns a file of the format ICO, whose pixels may be transparent in every browser; undefined if the hash is too short
 * @see https://github.com/evanw/thumbhash
 */
export function drawThumbhash(hash: Uint8Array, longestEdge: number): Uint8Array | undefined {
  if (hash.length < 6) return undefined
  const size = readSize(hash, longestEdge)
  const icon = createIcon(size)
  const { light, yellowBlue, redGreen, alpha } = readChannels(hash)
  const values = [light, yellowBlue, redGreen].map(channel => computeValues(channel, size))
  writePixels(icon, size, values, alpha && computeValues(alpha, size))
  return icon
}

function hasAlpha(hash: Uint8Array): boolean {
  return byteAt(hash, 2) > 127
}

function readSize(hash: Uint8Array, longestEdge: number): Size {
  const [across, down] = readFrequencies(hash)
  const edge = (share: number) => Math.max(1, Math.round(longestEdge * Math.min(1, share)))
  return { width: edge(across / down), height: edge(down / across) }
}

/** Returns how many frequencies the light has along each axis: a longer edge has more. */
function readFrequencies(hash: Uint8Array): [across: number, down: number] {
  const fewer = Math.max(1, byteAt(hash, 3) & 7)
  const more = hasAlpha(hash) ? 5 : FREQUENCIES
  return byteAt(hash, 4) > 127 ? [more, fewer] : [fewer, more]
}

function readChannels(hash: Uint8Array) {
  const averages = byteAt(hash, 0) | (byteAt(hash, 1) << 8) | (byteAt(hash, 2) << 16)
  const scales = byteAt(hash, 3) | (byteAt(hash, 4) << 8)
  const [across, down] = readFrequencies(hash)
  let next = hasAlpha(hash) ? 12 : 10
  /** Reads the waves of the lower half of all pairs of frequencies. */
  const read = (average: number, scale: number, columns = 3, rows = columns): Channel => {
    const channel: Channel = { average, strengths: [], across: [], down: [] }
    for (let row = 0; row < rows; row += 1) {
      for (let column = row > 0 ? 0 : 1; column * rows < columns * (rows - row); column += 1) {
        channel.strengths.push((nibbleAt(hash, next++) / 7.5 - 1) * scale)
        channel.across.push(column)
        channel.down.push(row)
      }
    }
    return channel
  }
  // The package makes colours a quarter stronger, because the few steps of a hash make them weaker.
  return {
    light: read((averages & 63) / 63, ((averages >> 18) & 31) / 31, Math.max(3, across), Math.max(3, down)),
    yellowBlue: read(((averages >> 6) & 63) / 31.5 - 1, (((scales >> 3) & 63) / 63) * 1.25),
    redGreen: read(((averages >> 12) & 63) / 31.5 - 1, (((scales >> 9) & 63) / 63) * 1.25),
    alpha: hasAlpha(hash) ? read(nibbleAt(hash, 10) / 15, nibbleAt(hash, 11) / 15, 5) : undefined,
  }
}

const knownCosines = new Map<number, Float64Array>()

/** Returns the cosines of each frequency at each pixel of an edge, one frequency after the other. */
function listCosines(pixels: number): Float64Array {
  const cosine = (at: number) => Math.cos((Math.PI / pixels) * ((at % pixels) + 0.5) * Math.floor(at / pixels))
  const cosines = knownCosines.get(pixels) ?? new Float64Array(FREQUENCIES * pixels).map((_, at) => cosine(at))
  knownCosines.set(pixels, cosines)
  return cosines
}

/** Computes a channel at all pixels. For each row of them, the waves are summed down the columns first, and then along the row. */
function computeValues(channel: Channel, { width, height }: Size): Float64Array {
  const [across, down] = [listCosines(width), listCosines(height)]
  const values = new Float64Array(width * height).fill(channel.average)
  const sums = new Float64Array(FREQUENCIES)
  for (let y = 0; y < height; y += 1) {
    sumDown(sums, channel, down, { y, height })
    for (let frequency = 0; frequency < FREQUENCIES; frequency += 1) {
      const sum = sums[frequency] ?? 0
      if (sum !== 0) addWave(values, y * width, sum, across, frequency * width, width)
    }
  }
  return values
}

function sumDown(
  sums: Float64Array,
  { strengths, across, down }: Channel,
  cosines: Float64Array,
  { y, height }: { y: number; height: number },
) {
  sums.fill(0)
  for (let at = 0; at < strengths.length; at += 1) {
    const frequency = across[at] ?? 0
    const value = (strengths[at] ?? 0) * 2 * (cosines[(down[at] ?? 0) * height + y] ?? 0)
    sums[frequency] = (sums[frequency] ?? 0) + value
  }
}

function addWave(
  values: Float64Array,
  start: number,
  scale: number,
  cosines: Float64Array,
  from: number,
  width: number,
) {
  for (let x = 0; x < width; x += 1) values[start + x] = (values[start + x] ?? 0) + scale * (cosines[from + x] ?? 0)
}

/**
 * Creates an icon without pixels: a list of one bitmap, and the header of the bitmap, whose height counts the mask as well. All numbers
 * begin with their lowest byte.
 *
 * @see https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)
 */
function createIcon({ width, height }: Size): Uint8Array {
  const icon = new Uint8Array(PIXELS_FROM + (4 * width + MASK_ROW_BYTES) * height)
  const length = icon.length - LIST_BYTES
  icon.set([0, 0, 1, 0, 1, 0, width, height, 0, 0, 1, 0, 32, 0, length & 255, length >> 8, 0, 0, LIST_BYTES])
  icon.set([HEADER_BYTES, 0, 0, 0, width, 0, 0, 0, 2 * height, 0, 0, 0, 1, 0, 32], LIST_BYTES)
  return icon
}

/** Writes all pixels as blue, green, red and alpha. The lowest row of a bitmap is its first. */
function writePixels(
  icon: Uint8Array,
  { width, height }: Size,
  [light, yellowBlue, redGreen]: Float64Array[],
  alpha?: Float64Array,
) {
  for (let y = 0; y < height; y += 1) {
    let at = PIXELS_FROM + 4 * width * (height - 1 - y)
    for (let pixel = y * width; pixel < (y + 1) * width; pixel += 1) {
      const l = light?.[pixel] ?? 0
      const q = redGreen?.[pixel] ?? 0
      const blue = l - (2 / 3) * (yellowBlue?.[pixel] ?? 0)
      const red = (3 * l - blue + q) / 2
      icon[at] = toByte(blue)
      icon[at + 1] = toByte(red - q)
      icon[at + 2] = toByte(red)
      icon[at + 3] = toByte(alpha?.[pixel] ?? 1)
      at += 4
    }
  }
}

function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 1 ? 255 : 255 * value
}

function nibbleAt(hash: Uint8Array, index: number): number {
  return (byteAt(hash, index >> 1) >> ((index & 1) << 2)) & 15
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}
