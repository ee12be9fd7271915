import type { Network } from './network.ts'
import { divideIntoTiles, type Rectangle, type Tile, type TileOptions } from './tiles.ts'

/** Pixels of red, green and blue, and of an alpha channel where there is one, a byte each. */
export interface Pixels {
  data: Uint8Array
  width: number
  height: number
  channels: 3 | 4
}

/**
 * The tiles of an image. A pixel of the result depends on the pixels within ten of its own: nine by the convolutions of the network, one
 * by that after the upsampling. With this overlap a tile gives the same as the whole image.
 */
const TILES: TileOptions = { side: 160, overlap: 10 }

const COLORS = 3

/**
 * Enlarges the colours of an image tile by tile, and writes them into the pixels of the result.
 *
 * @param onTile called after each tile with the share that is done
 */
export async function enlarge(
  network: Network,
  image: Pixels,
  result: Pixels,
  { tiles = TILES, onTile }: { tiles?: TileOptions; onTile?: (share: number) => void | Promise<void> } = {},
): Promise<void> {
  const scale = result.width / image.width
  const all = divideIntoTiles(image, tiles)
  for (const [index, tile] of all.entries()) {
    const { width, height } = tile.outer
    writeTile(result, tile, network.run(readPixels(image, tile.outer), width, height), scale)
    await onTile?.((index + 1) / all.length)
  }
}

function readPixels({ data, width, channels }: Pixels, area: Rectangle): Float32Array {
  const pixels = new Float32Array(area.width * area.height * COLORS)
  let at = 0
  for (let y = area.top; y < area.top + area.height; y += 1)
    for (let x = area.left; x < area.left + area.width; x += 1) {
      const from = (y * width + x) * channels
      for (let color = 0; color < COLORS; color += 1) pixels[at++] = data[from + color] ?? 0
    }
  return pixels
}

/** Writes what the network gave for the inner pixels of a tile. The array rounds and clamps nothing: this does. */
function writeTile(result: Pixels, { inner, outer }: Tile, values: Float32Array, scale: number): void {
  const rowLength = scale * COLORS
  for (let y = 0; y < inner.height; y += 1)
    for (let x = 0; x < inner.width; x += 1) {
      const pixel = (inner.top + y - outer.top) * outer.width + inner.left + x - outer.left
      for (let down = 0; down < scale; down += 1) {
        const from = (pixel * scale + down) * rowLength
        const row = (inner.top + y) * scale + down
        const to = (row * result.width + (inner.left + x) * scale) * result.channels
        for (let across = 0; across < scale; across += 1)
          for (let color = 0; color < COLORS; color += 1)
            result.data[to + across * result.channels + color] = toByte(values[from + across * COLORS + color] ?? 0)
      }
    }
}

function toByte(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)))
}
