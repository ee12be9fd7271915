import { expect, test } from 'bun:test'
import { openBenchStack } from '../kit/bench-stack.ts'
import { insertListingRows } from '../kit/listing-rows.ts'
import { countBytes } from './listing-bytes.ts'

test('the database sends as many bytes for a page of bloated rows as for a page of clean rows', async () => {
  await using stack = await openBenchStack()
  await insertListingRows(stack.database, stack.folder, { count: 100, last: new Date(), bloated: true })
  const [raw] = await stack.database<{ bytes: number }[]>`
    select sum(octet_length(parameters::text))::int as bytes from generation_raw`
  expect(raw?.bytes).toBeGreaterThan(12_000_000)
  const { ours, clean } = await countBytes(stack)
  expect(ours).toBe(clean)
  expect(ours).toBeLessThan(250_000)
})
