import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand } from '@aws-sdk/client-s3'
import { findFreePort } from '../../local/process/free-ports.ts'
import { RETRY_POLICIES } from '../../src/runtime/retry-policies.ts'
import { openBucket, type S3Options } from '../../src/store/s3/bucket.ts'
import { openS3Store } from '../../src/store/s3/s3.ts'
import type { Store } from '../../src/store/store.ts'
import { startScript } from '../script-process.ts'
import { createTestDirectory } from '../test-resources.ts'

/** The address of an S3 server, and the credentials that it accepts. */
export type S3Endpoint = Omit<S3Options, 'bucket' | 'limits'>

/** An S3 server in a process of its own. */
export interface S3Server extends AsyncDisposable {
  endpoint: S3Endpoint
}

export const TEST_CREDENTIALS = {
  region: 'us-east-1',
  accessKeyId: 'S3RVER',
  secretAccessKey: 'S3RVER',
  forcePathStyle: true,
}

/** Servers that tests can start: the S3 server of npm, and the one of `s3-handler.ts`. */
export type S3Implementation = keyof typeof IMPLEMENTATIONS

/** Starts an S3 server without buckets. */
export async function startS3Server(implementation: S3Implementation): Promise<S3Server> {
  return await IMPLEMENTATIONS[implementation]()
}

/** Creates an empty bucket for one test. It is removed with its objects when it is disposed of. */
export async function createTestBucket(
  endpoint: S3Endpoint,
  limits: S3Options['limits'] = {},
): Promise<{ options: S3Options; store: Store } & AsyncDisposable> {
  const options = {
    ...endpoint,
    bucket: `test-${crypto.randomUUID()}`,
    limits: { retryPolicy: SHORT_PAUSES, ...limits },
  }
  const bucket = openBucket(options)
  await bucket.sendWithRetry(new CreateBucketCommand(bucket.params))
  const store = openS3Store(options)
  const remove = async () => {
    for (const key of await Array.fromAsync(store.list(''), ({ key }) => key)) {
      await bucket.sendWithRetry(new DeleteObjectCommand({ ...bucket.params, Key: key }))
    }
    await bucket.sendWithRetry(new DeleteBucketCommand(bucket.params))
  }
  return { options, store, [Symbol.asyncDispose]: remove }
}

/** Returns the settings with which a studio stores its objects in a bucket. @param url of the bucket's server, or of a proxy of it */
export function createS3Env({ bucket, accessKeyId, secretAccessKey }: S3Options, url: string): Record<string, string> {
  return {
    S3_ENDPOINT: url,
    S3_BUCKET: bucket,
    S3_ACCESS_KEY_ID: accessKeyId,
    S3_SECRET_ACCESS_KEY: secretAccessKey,
  }
}

const SHORT_PAUSES = { ...RETRY_POLICIES.storeRequest, baseMs: 1, maxMs: 2 }
const IMPLEMENTATIONS = { s3rver: startS3rver, strict: startStrictServer }

/** Starts s3rver. It checks no signature, and overwrites an object while it is being read. */
async function startS3rver(): Promise<S3Server> {
  const directory = await createTestDirectory()
  const port = await findFreePort()
  const program = fileURLToPath(import.meta.resolve('s3rver/bin/s3rver.js'))
  const options = ['--directory', directory.path, '--address', '127.0.0.1', '--port', String(port), '--silent']
  const url = `http://127.0.0.1:${port}`
  const server = await startScript(program, { args: options, url })
  const stop = async () => {
    await server[Symbol.asyncDispose]()
    await directory[Symbol.asyncDispose]()
  }
  return { endpoint: { ...TEST_CREDENTIALS, endpoint: url }, [Symbol.asyncDispose]: stop }
}

async function startStrictServer(): Promise<S3Server> {
  const { accessKeyId, secretAccessKey } = TEST_CREDENTIALS
  const script = join(import.meta.dirname, 'strict-server.ts')
  const server = await startScript(script, { args: [accessKeyId, secretAccessKey] })
  const endpoint = { ...TEST_CREDENTIALS, endpoint: server.url }
  return { endpoint, [Symbol.asyncDispose]: server[Symbol.asyncDispose] }
}
