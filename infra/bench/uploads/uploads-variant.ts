import { LARGE_FILES } from '../kit/image-files.ts'
import {
  createFileUpload,
  createPlainUpload,
  createSeedUpload,
  createStreamUpload,
  uploadAll,
} from './uploads-variants.ts'

/**
 * Uploads the large files once for each line that it reads, then writes a line.
 * `bun uploads-variant.ts <seed|memory|stream|file> <concurrency> <url>`
 */
const VARIANTS = {
  seed: createSeedUpload,
  memory: createPlainUpload,
  stream: createStreamUpload,
  file: createFileUpload,
} as const

const [variant = '', concurrency = '', url = ''] = process.argv.slice(2)
const [, createUpload] = Object.entries(VARIANTS).find(([name]) => name === variant) ?? []
if (!createUpload) throw new Error(`no variant is named ${variant}`)
const upload = createUpload(url, LARGE_FILES)

process.stdout.write('ready\n')
for await (const _line of console) {
  await uploadAll(LARGE_FILES, Number(concurrency), upload)
  process.stdout.write('done\n')
}
