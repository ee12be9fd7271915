import { LARGE } from '../kit/image-files.ts'
import { plainStream, plainUpload, seedUpload, uploadAll } from './uploads-variants.ts'

/** Uploads the large files once for each line that it reads, and then writes one: `bun uploads-arm.ts <way> <at once> <url>`. */
const WAYS = { seed: seedUpload, memory: plainUpload, stream: plainStream } as const

const [way = '', concurrency = '', url = ''] = process.argv.slice(2)
const [, make] = Object.entries(WAYS).find(([name]) => name === way) ?? []
if (!make) throw new Error(`there is no way ${way}`)
const upload = make(url, LARGE)

process.stdout.write('ready\n')
for await (const _line of console) {
  await uploadAll(LARGE, Number(concurrency), upload)
  process.stdout.write('done\n')
}
