import { expect, test } from 'bun:test'
import { Problem } from '@darkroom/contracts/problem'
import { writeGeneration } from '../actions/generation.fixture.ts'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'

test('refuses submissions and retries while the queue is full, with a Retry-After, and still answers repeated ones', async () => {
  await using ingest = await openTestIngest({ queueDepth: 2 })
  const { workspaceId } = ingest.owner
  const failed = await writeGeneration(ingest.sql, { workspaceId, status: 'failed', outputs: ['failed'] })
  const first = { clientId: crypto.randomUUID(), prompt: 'first' }
  expect((await submit(ingest, first)).status).toBe(202)
  expect((await submit(ingest, { prompt: 'second' })).status).toBe(202)
  const before = await countRows(ingest)
  const withReference = await ingest.request('POST', '/api/generate', {
    prompt: 'third',
    referenceImages: [IMAGE_DATA_URL],
  })
  for (const response of [withReference, await ingest.request('POST', `/api/generate/${failed}/retry`)]) {
    expect(response.status).toBe(429)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Problem.parse(await response.json()).detail).toMatch(/waiting/)
  }
  expect(await countRows(ingest)).toEqual(before)
  expect(await Array.fromAsync(ingest.store.list(''))).toEqual([])
  expect((await submit(ingest, first)).status).toBe(200)
  expect((await submit(ingest, { prompt: 'theirs' }, 'stranger')).status).toBe(202)
  await ingest.sql`update generations set status = 'completed' where client_id = ${first.clientId}`
  expect((await ingest.request('POST', `/api/generate/${failed}/retry`)).status).toBe(202)
})

const IMAGE_DATA_URL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

async function submit(ingest: TestIngest, body: object, as?: 'stranger'): Promise<Response> {
  return await ingest.request('POST', '/api/generate', body, as)
}

async function countRows({ sql }: TestIngest) {
  const [row] = await sql`
    select (select count(*) from generations) as generations, (select count(*) from outbox) as outbox,
           (select count(*) from generation_events) as events, (select count(*) from reference_images) as "references",
           (select sum(round) from generation_jobs) as rounds`
  return row
}
