import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin, ResolvedConfig } from 'vite'

const TEXT = /\.(js|css|html|svg|json|webmanifest|txt)$/

/** Size of a file that is not part of the studio's own pages, and the quality with which it is compressed. */
const [LARGE_BYTES, LARGE_QUALITY] = [1_000_000, 9]

/** Compresses a text as small as it gets, which takes too long to do at each request. */
const COMPRESSORS = {
  '.br': async (content: Buffer) =>
    await promisify(brotliCompress)(content, {
      params: {
        // The best quality takes seconds for a megabyte, and saves a tenth of it.
        [constants.BROTLI_PARAM_QUALITY]:
          content.byteLength < LARGE_BYTES ? constants.BROTLI_MAX_QUALITY : LARGE_QUALITY,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: content.byteLength,
      },
    }),
  '.gz': async (content: Buffer) => await promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }),
}

/** Compresses a text as the build does. */
export function compressText(content: Buffer, extension: keyof typeof COMPRESSORS): Promise<Buffer> {
  return COMPRESSORS[extension](content)
}

/** Creates the plugin that writes compressed copies (`.br`, `.gz`) beside every text of the build. The query service serves them. */
export function precompress(): Plugin {
  let config: ResolvedConfig
  return {
    name: 'precompress',
    apply: 'build',
    configResolved: resolved => {
      config = resolved
    },
    closeBundle: () => compressFolder(resolve(config.root, config.build.outDir)),
  }
}

/** Writes compressed copies of the texts of a folder, where they are smaller. */
export async function compressFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile() && TEXT.test(entry.name))
  await Promise.all(files.map(file => compressFile(join(file.parentPath, file.name))))
}

async function compressFile(file: string): Promise<void> {
  const content = await readFile(file)
  for (const [extension, compress] of Object.entries(COMPRESSORS)) {
    const compressed = await compress(content)
    if (compressed.byteLength < content.byteLength) await writeFile(`${file}${extension}`, compressed)
  }
}
