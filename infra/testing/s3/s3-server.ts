import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand } from '@aws-sdk/client-s3'
import { freePort } from '../../local/process/free-ports.ts'
import { until } from '../../local/process/wait-until.ts'
import { openBucket, type S3Options } from '../../src/store/s3/bucket.ts'
import { openS3 } from '../../src/store/s3/s3.ts'
import type { Store } from '../../src/store/store.ts'
import { testDirectory } from '../test-resources.ts'

/** A server that speaks S3, and who may ask it. */
export type Endpoint = Omit<S3Options, 'bucket' | 'limits'>

/** The same, in a process of its own. */
export interface TestS3 extends AsyncDisposable {
  endpoint: Endpoint
}

/** What stands between a test and a server: it may answer itself, or `pass` a request on, as it is or otherwise. */
export type Fault = (request: PassedRequest, pass: (request: PassedRequest) => Promise<Response>) => Promise<Response>

export interface PassedRequest {
  method: string
  /** With what is asked for. */
  path: string
  headers: Headers
  body: Uint8Array<ArrayBuffer>
}

export interface FaultProxy extends AsyncDisposable {
  endpoint: Endpoint
  /** Every request, as `PUT /bucket/key`, in the order they came. */
  seen: string[]
  fault: Fault
}

const START_MS = 20_000
const SERVER = { region: 'us-east-1', accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER', forcePathStyle: true }
const forever = new AbortController().signal

/** The S3 server of npm. It looks at no signature, and writes over what is being read. */
export async function startS3rver(): Promise<TestS3> {
  const directory = await testDirectory()
  const port = await freePort()
  const program = fileURLToPath(import.meta.resolve('s3rver/bin/s3rver.js'))
  const options = ['--directory', directory.path, '--address', '127.0.0.1', '--port', String(port), '--silent']
  const child = Bun.spawn([process.execPath, program, ...options], { stdin: 'ignore', stdout: 'ignore' })
  const endpoint = { ...SERVER, endpoint: `http://127.0.0.1:${port}` }
  const ready = () => fetch(endpoint.endpoint).then(Boolean, () => undefined)
  await until(ready, { what: 's3rver', milliseconds: START_MS, signal: forever })
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
export async function testBucket(
  endpoint: Endpoint,
  limits: S3Options['limits'] = {},
): Promise<{ options: S3Options; store: Store } & AsyncDisposable> {
  const options = { ...endpoint, bucket: `test-${crypto.randomUUID()}`, limits: { pause: NO_PAUSE, ...limits } }
  const bucket = openBucket(options)
  await bucket.ask(new CreateBucketCommand(bucket.at))
  const store = openS3(options)
  const remove = async () => {
    for (const key of await Array.fromAsync(store.list(''))) {
      await bucket.ask(new DeleteObjectCommand({ ...bucket.at, Key: key }))
    }
    await bucket.ask(new DeleteBucketCommand(bucket.at))
  }
  return { options, store, [Symbol.asyncDispose]: remove }
}

/** Stands in front of a server and does to each request what the test says. Bodies are passed on once they are whole. */
export function startFaultProxy(to: Endpoint): FaultProxy {
  const pass = async ({ path, method, headers, body }: PassedRequest) => {
    // The host that was asked is signed, and among the headers: the server behind is told that it was this one.
    const answer = await fetch(`${to.endpoint}${path}`, { method, headers, body: body.byteLength > 0 ? body : null })
    return method === 'HEAD' ? answer : new Response(await answer.arrayBuffer(), answer)
  }
  const seen: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch: async request => {
      const { method, headers, url } = request
      const path = url.slice(new URL(url).origin.length)
      seen.push(`${method} ${path}`)
      return await proxy.fault({ method, path, headers, body: new Uint8Array(await request.arrayBuffer()) }, pass)
    },
    error: () => new Response(null, { status: 500 }),
  })
  const proxy: FaultProxy = {
    endpoint: { ...to, endpoint: server.url.origin },
    seen,
    fault: (request, pass) => pass(request),
    [Symbol.asyncDispose]: () => server.stop(true),
  }
  return proxy
}

/** A fault that meets the first of every two requests for the same thing. */
export function everyOther(fault: Fault): Fault {
  const met = new Map<string, number>()
  return (request, pass) => {
    const what = `${request.method} ${request.path}`
    const times = met.get(what) ?? 0
    met.set(what, times + 1)
    return times % 2 === 0 ? fault(request, pass) : pass(request)
  }
}

/** The same request with another body. */
export function withBody(request: PassedRequest, body: Uint8Array<ArrayBuffer>): PassedRequest {
  const headers = new Headers(request.headers)
  headers.set('content-length', String(body.byteLength))
  return { ...request, headers, body }
}

/** How S3 says no. */
export function refusal(status: number, code: string): Response {
  return new Response(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`, { status })
}

/** What every connection gets, byte for byte, before it is closed or there is silence. */
export function startRawAnswer(
  text: string,
  then: 'close' | 'silence',
): AsyncDisposable & { endpoint: Endpoint; closed: Promise<void> } {
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

const NO_PAUSE = { base: 1, most: 2 }
