import { afterAll, expect, test } from 'bun:test'
import { createTestBucket, type S3Endpoint, startS3rver, startStrictS3 } from '../../../testing/s3/s3-server.ts'
import { testStoreConformance } from '../../../testing/store/conformance.ts'
import { createRandomBytes } from '../../../testing/store/streams.ts'
import { readServiceConfig } from '../../config.ts'
import { StoreError } from '../store.ts'
import { openS3Store } from './s3.ts'

const servers = new AsyncDisposableStack()
afterAll(() => servers.disposeAsync())
const strict = servers.use(await startStrictS3()).endpoint
const s3rver = servers.use(await startS3rver()).endpoint
// Any other server is tried if it is given as a studio is given one. Who asks must be allowed to make buckets.
const given = readServiceConfig({ DATABASE_URL: 'postgres://none', NATS_URL: 'nats://none', ...process.env }).s3

testStoreConformance('s3, strict', () => openEmpty(strict))
testStoreConformance('s3, s3rver', () => openEmpty(s3rver), [
  'writes in one step',
  'the first byte alone',
  'pages in order',
])
if (given) testStoreConformance('s3, given', () => openEmpty(given))

test('a wrong secret is refused, and named in no error', async () => {
  const store = openS3Store({ ...strict, bucket: 'b', secretAccessKey: 'hunter2' })
  const refused = await store.put('a', createRandomBytes(3), { signal: AbortSignal.timeout(5_000) }).then(
    () => undefined,
    error => error,
  )
  expect(refused).toBeInstanceOf(StoreError)
  expect(refused.message).toBe('the object store answered 403 SignatureDoesNotMatch')
  expect(Bun.inspect(refused)).not.toMatch(/hunter2|Signature=|Credential=/)
})

async function openEmpty(endpoint: S3Endpoint) {
  const bucket = await createTestBucket(endpoint)
  return { ...bucket.store, [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose]() }
}
