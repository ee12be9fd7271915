import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand } from '@aws-sdk/client-s3'
import { findFreePort } from '../../local/process/free-ports.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { RETRY_POLICIES } from '../../src/runtime/retry-policies.ts'
import { openBucket, type S3Options } from '../../src/store/s3/bucket.ts'
import { openS3Store } from '../../src/store/s3/s3.ts'
import type { Store } from '../../src/store/store.ts'
import { createTestDirectory } from '../test-resources.ts'

/** A server that speaks S3, and who may ask it. */
export type S3Endpoint = Omit<S3Options, 'bucket' | 'limits'>

/** The same, in a process of its own. */
export interface TestS3 extends AsyncDisposable {
  endpoint: S3Endpoint
}

/** What stands between a test and a server: it may answer itself, or `pass` a request on, as it is or otherwise. */
export type RequestInterceptor = (
  request: ProxiedRequest,
  forward: (request: ProxiedRequest) => Promise<Response>,
) => Promise<Response>

export interface ProxiedRequest {
  method: string
  /** With what is asked for. */
  path: string
  headers: Headers
  body: Uint8Array<ArrayBuffer>
}

export interface FaultProxy extends AsyncDisposable {
  endpoint: S3Endpoint
  /** Every request, as `PUT /bucket/key`, in the order they came. */
  requests: string[]
  intercept: RequestInterceptor
}

const START_MS = 20_000
const SERVER = { region: 'us-east-1', accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER', forcePathStyle: true }
const neverAborted = new AbortController().signal

/** The S3 server of npm. It looks at no signature, and writes over what is being read. */
export async function startS3rver(): Promise<TestS3> {
  const directory = await createTestDirectory()
  const port = await findFreePort()
  const program = fileURLToPath(import.meta.resolve('s3rver/bin/s3rver.js'))
  const options = ['--directory', directory.path, '--address', '127.0.0.1', '--port', String(port), '--silent']
  const child = Bun.spawn([process.execPath, program, ...options], { stdin: 'ignore', stdout: 'ignore' })
  const endpoint = { ...SERVER, endpoint: `http://127.0.0.1:${port}` }
  const ready = () => fetch(endpoint.endpoint).then(Boolean, () => undefined)
  await waitUntil(ready, { what: 's3rver', milliseconds: START_MS, signal: neverAborted })
  const stop = async () => {
    child.kill()
    await child.exited
    await directory[Symbol.asyncDispose]()
  }
  return { endpoint, [Symbol.asyncDispose]: stop }
}

/** The server of `strict.fixture.ts`. */
export async function startStrictS3(): Promise<TestS3> {
  const program = join(import.meta.dirname, 'strict-server.ts')
  const child = Bun.spawn([process.execPath, program, SERVER.accessKeyId, SERVER.secretAccessKey], {
    stdin: 'ignore',
    stdout: 'pipe',
  })
  const reader = child.stdout.getReader()
  const line = await reader.read()
  const stop = async () => {
    child.kill()
    await child.exited
  }
  return { endpoint: { ...SERVER, endpoint: new TextDecoder().decode(line.value).trim() }, [Symbol.asyncDispose]: stop }
}

/** A bucket of its own for one test: empty, and gone with all that is in it. */
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
    for (const key of await Array.fromAsync(store.list(''))) {
      await bucket.sendWithRetry(new DeleteObjectCommand({ ...bucket.params, Key: key }))
    }
    await bucket.sendWithRetry(new DeleteBucketCommand(bucket.params))
  }
  return { options, store, [Symbol.asyncDispose]: remove }
}

/** Stands in front of a server and does to each request what the test says. Bodies are passed on once they are whole. */
export function startFaultProxy(to: S3Endpoint): FaultProxy {
  const forward = async ({ path, method, headers, body }: ProxiedRequest) => {
    // The host that was asked is signed, and among the headers: the server behind is told that it was this one.
    const answer = await fetch(`${to.endpoint}${path}`, { method, headers, body: body.byteLength > 0 ? body : null })
    return method === 'HEAD' ? answer : new Response(await answer.arrayBuffer(), answer)
  }
  const requests: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch: async request => {
      const { method, headers, url } = request
      const path = url.slice(new URL(url).origin.length)
      requests.push(`${method} ${path}`)
      return await proxy.intercept(
        { method, path, headers, body: new Uint8Array(await request.arrayBuffer()) },
        forward,
      )
    },
    error: () => new Response(null, { status: 500 }),
  })
  const proxy: FaultProxy = {
    endpoint: { ...to, endpoint: server.url.origin },
    requests,
    intercept: (request, forward) => forward(request),
    [Symbol.asyncDispose]: () => server.stop(true),
  }
  return proxy
}

/** A fault that meets the first of every two requests for the same thing. */
export function interceptEveryOther(intercept: RequestInterceptor): RequestInterceptor {
  const met = new Map<string, number>()
  return (request, forward) => {
    const what = `${request.method} ${request.path}`
    const times = met.get(what) ?? 0
    met.set(what, times + 1)
    return times % 2 === 0 ? intercept(request, forward) : forward(request)
  }
}

/** The same request with another body. */
export function withBody(request: ProxiedRequest, body: Uint8Array<ArrayBuffer>): ProxiedRequest {
  const headers = new Headers(request.headers)
  headers.set('content-length', String(body.byteLength))
  return { ...request, headers, body }
}

/** How S3 says no. */
export function s3ErrorResponse(status: number, code: string): Response {
  return new Response(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`, { status })
}

/** What every connection gets, byte for byte, before it is closed or there is silence. */
export function startRawServer(
  text: string,
  then: 'close' | 'silence',
): AsyncDisposable & { endpoint: S3Endpoint; closed: Promise<void> } {
  const closed = Promise.withResolvers<void>()
  const server = Bun.listen({
    port: 0,
    hostname: '127.0.0.1',
    socket: {
      data: socket => {
        if (text !== '') socket.write(text)
        if (then === 'close') socket.end()
      },
      close: () => closed.resolve(),
    },
  })
  const endpoint = { ...SERVER, endpoint: `http://127.0.0.1:${server.port}` }
  return { endpoint, closed: closed.promise, [Symbol.asyncDispose]: async () => server.stop(true) }
}

const SHORT_PAUSES = { ...RETRY_POLICIES.storeRequest, baseMs: 1, maxMs: 2 }
