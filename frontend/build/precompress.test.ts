import { expect, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { compressFolder } from './precompress.ts'

const SCRIPT = 'export const value = 1\n'.repeat(300)

test('writes a copy in each coding beside every text that it makes smaller, and beside nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-precompress-'))
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
  const files = { 'index.html': 'x', 'assets/a.js': SCRIPT, 'assets/b.woff2': SCRIPT, 'assets/c.css': SCRIPT }
  for (const [name, content] of Object.entries(files)) await Bun.write(join(folder, name), content)
  await compressFolder(folder)
  const found = await readdir(folder, { recursive: true })
  const copies = ['assets/a.js.br', 'assets/a.js.gz', 'assets/c.css.br', 'assets/c.css.gz']
  expect(found.filter(name => name !== 'assets').toSorted()).toEqual([...Object.keys(files), ...copies].toSorted())
  const read = async (name: string) => await Bun.file(join(folder, name)).bytes()
  expect(brotliDecompressSync(await read('assets/a.js.br')).toString()).toBe(SCRIPT)
  expect(Buffer.from(Bun.gunzipSync(await read('assets/a.js.gz'))).toString()).toBe(SCRIPT)
})
