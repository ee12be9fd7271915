import { afterAll, expect, test } from 'bun:test'
import { createTestBucket, type S3Endpoint, startS3Server } from '../../../testing/s3/s3-server.ts'
import { testStoreConformance } from '../../../testing/store/conformance.ts'
import { createRandomBytes } from '../../../testing/store/streams.ts'
import { readServiceConfig } from '../../config.ts'
import { StoreError } from '../store.ts'
import { openS3Store } from './s3.ts'

const servers = new AsyncDisposableStack()
afterAll(() => servers.disposeAsync())
const strict = servers.use(await startS3Server('strict')).endpoint
const s3rver = servers.use(await startS3Server('s3rver')).endpoint
// Another server is tested when the environment configures one, with the settings of a studio. Its key must be allowed to create
// buckets.
const configured = readServiceConfig({ DATABASE_URL: 'postgres://none', NATS_URL: 'nats://none', ...process.env }).s3

testStoreConformance('s3, strict', () => openEmptyStore(strict))
testStoreConformance('s3, s3rver', () => openEmptyStore(s3rver), [
  'writes in one step',
  'the first byte alone',
  'the order of keys',
])
if (configured) testStoreConformance('s3, configured', () => openEmptyStore(configured))

test('a wrong secret is rejected, and no error contains it', async () => {
  const store = openS3Store({ ...strict, bucket: 'b', secretAccessKey: 'hunter2' })
  const error = await store.put('a', createRandomBytes(3), { signal: AbortSignal.timeout(60_000) }).then(
    () => undefined,
    error => error,
  )
  expect(error).toBeInstanceOf(StoreError)
  expect(error.message).toBe('the object store answered 403 SignatureDoesNotMatch')
  expect(Bun.inspect(error)).not.toMatch(/hunter2|Signature=|Credential=/)
})

async function openEmptyStore(endpoint: S3Endpoint) {
  const bucket = await createTestBucket(endpoint)
  return { ...bucket.store, [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose]() }
}
