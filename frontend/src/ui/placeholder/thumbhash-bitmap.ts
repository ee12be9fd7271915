/** A colour channel of a thumbhash: its average, and how strong each of its waves is. */
interface Channel {
  average: number
  waves: Waves
  strengths: Float64Array
}

/** Frequencies of waves, along the rows and along the columns of an image, in the order of a hash. */
interface Waves {
  across: Uint8Array
  down: Uint8Array
}

interface Size {
  width: number
  height: number
}

/** No wave of a hash has a higher frequency. */
const FREQUENCIES = 7
const HEADER_BYTES = 54

/**
 * Draws a thumbhash. With a longest edge of 32 pixels, they are those that the package `thumbhash` computes. That takes six times as long,
 * which a fast scroll has not: the package computes each cosine for each pixel, and a PNG with its checksums.
 *
 * @param longestEdge in pixels
 * @returns a file of the format BMP; undefined if the hash is too short, or has transparent parts
 * @see https://github.com/evanw/thumbhash
 */
export function drawThumbhash(hash: Uint8Array, longestEdge: number): Uint8Array | undefined {
  if (hash.length < 6 || hasAlpha(hash)) return undefined
  const size = readSize(hash, longestEdge)
  const bitmap = createBitmap(size)
  const [light, yellowBlue, redGreen] = readChannels(hash).map(channel => computeValues(channel, size))
  if (light && yellowBlue && redGreen) writePixels(bitmap, size, { light, yellowBlue, redGreen })
  return bitmap
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
  return byteAt(hash, 4) > 127 ? [FREQUENCIES, fewer] : [fewer, FREQUENCIES]
}

function readChannels(hash: Uint8Array): Channel[] {
  const averages = byteAt(hash, 0) | (byteAt(hash, 1) << 8) | (byteAt(hash, 2) << 16)
  const scales = byteAt(hash, 3) | (byteAt(hash, 4) << 8)
  const [across, down] = readFrequencies(hash)
  let next = 0
  const readStrength = (scale: number) => (nibbleAt(hash, next++) / 7.5 - 1) * scale
  const read = (average: number, scale: number, waves: Waves): Channel => {
    const strengths = new Float64Array(waves.across.length)
    for (let at = 0; at < strengths.length; at += 1) strengths[at] = readStrength(scale)
    return { average, waves, strengths }
  }
  // The package makes colours a quarter stronger, because the few steps of a hash make them weaker.
  return [
    read((averages & 63) / 63, ((averages >> 18) & 31) / 31, listWaves(Math.max(3, across), Math.max(3, down))),
    read(((averages >> 6) & 63) / 31.5 - 1, (((scales >> 3) & 63) / 63) * 1.25, listWaves(3, 3)),
    read(((averages >> 12) & 63) / 31.5 - 1, (((scales >> 9) & 63) / 63) * 1.25, listWaves(3, 3)),
  ]
}

/** Returns the waves that a hash has: those of the lower half of all pairs of frequencies, without the average. */
const listWaves = remember((across: number, down: number): Waves => {
  const rows = Array.from({ length: down }, (_, row) => row)
  const pairs = rows.flatMap(row =>
    Array.from({ length: across }, (_, column) => [column, row] as const).filter(
      ([column]) => column + row > 0 && column * down < across * (down - row),
    ),
  )
  return { across: Uint8Array.from(pairs, ([column]) => column), down: Uint8Array.from(pairs, ([, row]) => row) }
})

/** Returns the cosines of each frequency at each pixel of an edge, one frequency after the other. */
const listCosines = remember((pixels: number): Float64Array => {
  const cosine = (frequency: number, at: number) => Math.cos((Math.PI / pixels) * (at + 0.5) * frequency)
  return Float64Array.from({ length: FREQUENCIES * pixels }, (_, n) => cosine(Math.floor(n / pixels), n % pixels))
})

/** Computes a channel at all pixels. For each row of them, the waves are summed down the columns first, and then along the row. */
function computeValues(channel: Channel, { width, height }: Size): Float64Array {
  const [across, down] = [listCosines(width, 0), listCosines(height, 0)]
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
  { waves, strengths }: Channel,
  cosines: Float64Array,
  { y, height }: { y: number; height: number },
) {
  sums.fill(0)
  for (let at = 0; at < strengths.length; at += 1) {
    const [across, down] = [waves.across[at] ?? 0, waves.down[at] ?? 0]
    sums[across] = (sums[across] ?? 0) + (strengths[at] ?? 0) * 2 * (cosines[down * height + y] ?? 0)
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

/** Creates a bitmap without pixels. @see https://learn.microsoft.com/windows/win32/gdi/bitmap-storage */
function createBitmap({ width, height }: Size): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + rowBytes(width) * height)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0x4d42, true)
  view.setUint32(2, bytes.length, true)
  view.setUint32(10, HEADER_BYTES, true)
  view.setUint32(14, 40, true)
  view.setUint32(18, width, true)
  view.setUint32(22, height, true)
  view.setUint16(26, 1, true)
  view.setUint16(28, 24, true)
  return bytes
}

type Values = Record<'light' | 'yellowBlue' | 'redGreen', Float64Array>

/** Writes all pixels as blue, green and red. The rows of a bitmap begin with the lowest. */
function writePixels(bitmap: Uint8Array, { width, height }: Size, { light, yellowBlue, redGreen }: Values): void {
  for (let y = 0; y < height; y += 1) {
    let at = HEADER_BYTES + rowBytes(width) * (height - 1 - y)
    for (let pixel = y * width; pixel < (y + 1) * width; pixel += 1) {
      const l = light[pixel] ?? 0
      const q = redGreen[pixel] ?? 0
      const blue = l - (2 / 3) * (yellowBlue[pixel] ?? 0)
      const red = (3 * l - blue + q) / 2
      bitmap[at] = toByte(blue)
      bitmap[at + 1] = toByte(red - q)
      bitmap[at + 2] = toByte(red)
      at += 3
    }
  }
}

function rowBytes(width: number): number {
  return Math.ceil((3 * width) / 4) * 4
}

function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 1 ? 255 : 255 * value
}

function nibbleAt(hash: Uint8Array, index: number): number {
  return (byteAt(hash, 5 + (index >> 1)) >> ((index & 1) << 2)) & 15
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

/** Returns a function that computes a value of one or two small numbers once. */
function remember<Value>(compute: (a: number, b: number) => Value): (a: number, b: number) => Value {
  const known = new Map<number, Value>()
  return (a, b) => {
    const key = a * 64 + b
    const value = known.get(key) ?? compute(a, b)
    known.set(key, value)
    return value
  }
}
