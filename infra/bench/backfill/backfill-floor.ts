import pLimit from 'p-limit'
import { toDataUrl } from '../../testing/data/imported-rows.ts'
import { createPhotographFactory, ROW_SETS } from './backfill-rows.ts'

/**
 * The lower bound: data URLs that are in memory already are decoded and put, unsigned, `concurrency` at once.
 * `bun backfill-floor.ts <small|big> <store> <concurrency>` writes a line when it is ready, does the work for each line that it
 * reads, and then writes the milliseconds.
 */

const [name = 'small', storeUrl = '', concurrency = '1'] = process.argv.slice(2)
const set = name === 'big' ? 'big' : 'small'
const { rows, images } = ROW_SETS[set]
const text = toDataUrl((await createPhotographFactory(set))(), 'data:image/jpeg;base64,')

process.stdout.write('ready\n')
for await (const _ of console) {
  const started = performance.now()
  const limit = pLimit(Number(concurrency))
  await Promise.all(Array.from({ length: rows * images }, (_, at) => limit(() => storeImage(at))))
  process.stdout.write(`${performance.now() - started}\n`)
}

async function storeImage(at: number): Promise<void> {
  const body = Uint8Array.fromBase64(text.slice(text.indexOf(',') + 1))
  const response = await fetch(`${storeUrl}/bench/floor-${at}`, { method: 'PUT', body })
  if (!response.ok) throw new Error(`the store answered the PUT of floor-${at} with ${response.status}`)
}
