/** Builds a profile for four inks by which the fourth alone has a colour, in Lab, so that its use is seen. All others are black. */
export function buildCmykProfile([lightness, a, b]: readonly [number, number, number]): Buffer {
  const [inks, corners] = [4, 2 ** 4]
  const linear = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
  const colour = Buffer.of(Math.round((lightness * 255) / 100), a + 128, b + 128)
  const head = Buffer.alloc(48)
  head.write('mft1', 0, 'latin1')
  head.set([inks, 3, 2], 8)
  for (const at of [12, 28, 44]) head.writeInt32BE(65_536, at)
  const [paper, black] = [Buffer.of(255, 128, 128), Buffer.of(0, 128, 128)]
  const clut = Buffer.concat(Array.from({ length: corners }, (_, index) => [paper, colour][index] ?? black))
  const table = Buffer.concat([head, ...Array.from({ length: inks }, () => linear), clut, linear, linear, linear])
  const header = Buffer.alloc(128 + 4 + 12)
  header.writeUInt32BE(header.length + table.length)
  header.writeUInt32BE(0x02_40_00_00, 8)
  header.write('prtrCMYKLab ', 12, 'latin1')
  header.write('acsp', 36, 'latin1')
  for (const [index, value] of [0.9642, 1, 0.8249].entries())
    header.writeInt32BE(Math.round(value * 65_536), 68 + 4 * index)
  header.writeUInt32BE(1, 128)
  header.write('A2B0', 132, 'latin1')
  header.writeUInt32BE(header.length, 136)
  header.writeUInt32BE(table.length, 140)
  return Buffer.concat([header, table])
}

/** Inserts a colour profile into a JPEG, in as many segments as it needs. */
export function insertJpegProfile(jpeg: Uint8Array, profile: Uint8Array, partBytes = 60_000): Buffer {
  const count = Math.ceil(profile.length / partBytes)
  const segments = Array.from({ length: count }, (_, index) => {
    const part = profile.subarray(index * partBytes, (index + 1) * partBytes)
    const header = Buffer.from(`\xff\xe2\0\0ICC_PROFILE\0${String.fromCharCode(index + 1, count)}`, 'latin1')
    header.writeUInt16BE(header.length - 2 + part.length, 2)
    return Buffer.concat([header, part])
  })
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])
}
