import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import sharp from 'sharp'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { lockGenerations } from '../../testing/lock-generations.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createImageDraft } from './load.ts'

/** An ingest that is killed while it accepts a request, and deletion from the trash. */

const LIMIT_MS = 120_000

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ env: { TRASH_DAYS: '0' } })
})
afterEach(() => stack.clearFaults())
afterAll(() => stack[Symbol.asyncDispose]())

test.each(['before-put', 'after-put', 'before-commit', 'after-commit'])(
  'F2: an ingest that is killed at %s has accepted the submission once when the client has repeated it',
  async at => {
    await stack.ingest.restart({ FAIL_AT: `${at}:kill` })
    const died = stack.ingest.waitForExit()
    const dataUrl = `data:image/png;base64,${(await createUniqueImage()).toBase64()}`
    const { id } = await stack.client.submit({ ...createImageDraft(`accepted ${at}`), referenceImages: [dataUrl] })
    expect(await died).toBe('SIGKILL')
    const made = await stack.client.waitForGeneration(id, isFinished)
    expect([made.status, made.references.length]).toEqual(['completed', 1])
    await expectImagesServed(made)
    expect(await checkInvariants(stack)).toEqual([])
  },
)

test.each(['before-put', 'after-put'])(
  'F2: a reference whose upload was killed at %s is stored once after it is sent again',
  async at => {
    await stack.ingest.restart({ FAIL_AT: `${at}:kill` })
    await stack.client.uploadReference(await createUniqueImage())
    expect(stack.ingest.exits).toContain('SIGKILL')
    expect(await checkInvariants(stack)).toEqual([])
  },
)

test('F6: an ingest that is stopped answers the requests that it has, and exits in order', async () => {
  await using lock = await lockGenerations(stack.sql)
  const submission = stack.client.log.addSubmission(createImageDraft('requested before the stop'))
  const status = stack.client.trySubmit(submission)
  await waitForBlockedQuery()
  const died = stack.ingest.waitForExit()
  stack.ingest.signal('SIGTERM')
  await lock.release()
  expect([await status, await died]).toEqual([202, 'exit 0'])
  expect(await checkInvariants(stack)).toEqual([])
})

test('deletion from the trash removes the images of the generation alone, although the processor is killed', async () => {
  const reference = await stack.client.uploadReference(await createUniqueImage())
  const [deleted, remaining] = await Promise.all(
    ['gone', 'kept'].map(async prompt => {
      const { id } = await stack.client.submit({ ...createImageDraft(prompt), referenceImages: [reference.id ?? ''] })
      return await stack.client.waitForGeneration(id, isFinished)
    }),
  )
  if (!deleted || !remaining) throw new Error('no generation was returned')
  expect((await stack.client.fetch(`/api/generate/${deleted.id}`, { method: 'DELETE' })).ok).toBe(true)
  stack.client.log.submissions.delete(deleted.clientId)
  await stack.processor.restart()
  await waitFor(
    'The deletion',
    LIMIT_MS,
    async () => (await stack.client.fetch(`/api/generations/${deleted.id}`)).status === 404,
  )
  // While none runs: one that has looked already looks again after a minute, and one without the failpoint would remove them.
  await stack.processor.suspend()
  await stack.sql`update object_removals set remove_after = now()`
  const lifeCount = stack.processor.lives.length
  stack.processor.resume({ FAIL_AT: 'before-remove:kill' })
  await waitFor('The deletion', LIMIT_MS, async () => (await listOutputKeys(deleted.id)).length === 0)
  expect(stack.processor.lives[lifeCount]?.exit).toBe('SIGKILL')
  expect((await listOutputKeys(remaining.id)).length).toBe(6)
  await expectImagesServed(remaining)
  expect(await checkInvariants(stack)).toEqual([])
})

test('an output is rehosted although the processor is killed on the way', async () => {
  await stack.fake.setBehavior({ files: { '*': { kind: 'status', status: 500 } } })
  const { id } = await stack.client.submit(createImageDraft('late'))
  const made = await stack.client.waitForGeneration(id, isFinished)
  expect(made.outputs.map(({ state }) => state)).toEqual(['temporary', 'temporary'])
  await stack.processor.restart({ FAIL_AT: 'before-rehost:kill' })
  const died = stack.processor.waitForExit()
  await stack.fake.resetBehavior()
  await stack.sql`update rehosts set next_try_at = now()`
  expect(await died).toBe('SIGKILL')
  await stack.sql`update rehosts set next_try_at = now()`
  await stack.client.waitForGeneration(id, ({ outputs }) => outputs.every(({ state }) => state === 'stored'))
  expect(await checkInvariants(stack)).toEqual([])
})

/** Checks that every image and preview of a generation is served. */
async function expectImagesServed({ outputs, references }: Generation): Promise<void> {
  for (const { url, previewUrl } of [...outputs, ...references]) {
    for (const address of [url, previewUrl]) expect((await stack.client.fetch(address ?? '')).status).toBe(200)
  }
}

async function listOutputKeys(id: string): Promise<string[]> {
  return (await Array.fromAsync(stack.store.list(''), ({ key }) => key)).filter(key => key.includes(`/gen/${id}/`))
}

/** Waits until a statement of ingest waits for a lock. */
async function waitForBlockedQuery(): Promise<void> {
  const isBlocked = async () => {
    const rows = await stack.sql`
      select from pg_stat_activity where application_name = 'darkroom-ingest' and wait_event_type = 'Lock'`
    return rows.length > 0
  }
  await waitFor('A blocked statement', LIMIT_MS, isBlocked)
}

let imageCount = 0

/** Creates an image that was not used before. */
async function createUniqueImage(): Promise<Uint8Array<ArrayBuffer>> {
  const image = sharp({ create: { width: 64 + imageCount++, height: 64, channels: 3, background: 'teal' } })
  return new Uint8Array(await image.png().toBuffer())
}
