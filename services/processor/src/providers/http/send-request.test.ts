import { expect, test } from 'bun:test'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { HANG_MS } from '../../../testing/make-call.ts'
import { toAnswerHeaders } from './answer-headers.ts'
import { getSecrets, type HttpClient, type HttpRequest, redact } from './http-client.ts'
import { readChunks, readJson } from './read-response.ts'
import { sendRequest } from './send-request.ts'

const CANARY = 'sk-canary/5Zq+x'
const SUBMIT: HttpRequest = {
  method: 'POST',
  path: '/images',
  body: { prompt: 'a lighthouse' },
  signal: new AbortController().signal,
  failureIfUnanswered: 'unknown',
}
const POLL: HttpRequest = { ...SUBMIT, method: 'GET', body: undefined, failureIfUnanswered: 'retryable' }

type Handle = (response: ServerResponse, request: IncomingMessage) => void

async function startServer(handle: Handle) {
  const requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request)).toString()
    requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
    handle(response, request)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`
  const client: HttpClient = {
    baseUrl,
    headers: () => ({ authorization: `Bearer ${CANARY}` }),
    fetch,
    deadlineMs: 60_000,
  }
  const close = async () => {
    server.closeAllConnections()
    server.close()
  }
  return { client, requests, [Symbol.asyncDispose]: close }
}

test('sends JSON or a form below the base URL, with the key, and returns the response unread', async () => {
  await using server = await startServer(response => response.end('{"ok":true}'))
  const response = await sendRequest(server.client, SUBMIT)
  expect(await readJson(response, SUBMIT, 100)).toEqual({ ok: true })
  const form = new FormData()
  form.append('image[]', new Blob(['x'], { type: 'image/png' }), 'a.png')
  await sendRequest(server.client, { ...SUBMIT, body: form, headers: { 'x-extra': '1' } })
  const [json, multipart] = server.requests
  expect(json).toMatchObject({ method: 'POST', url: '/v1/images', body: '{"prompt":"a lighthouse"}' })
  expect(json?.headers).toMatchObject({ authorization: `Bearer ${CANARY}`, 'content-type': 'application/json' })
  expect(multipart?.headers).toMatchObject({ 'content-type': expect.stringContaining('multipart/form-data; boundary') })
  expect(multipart?.headers['x-extra']).toBe('1')
  expect(multipart?.body).toContain('filename="a.png"')
  await expect(sendRequest(server.client, { ...POLL, path: '/../admin' })).rejects.toThrow('not below')
  expect(server.requests).toHaveLength(2)
})

/** The error of a submission and of a poll, by status. */
const STATUSES: readonly (readonly [status: number, code: string, submission: string, poll: string])[] = [
  [301, 'provider_refused', 'permanent', 'permanent'],
  [303, 'provider_refused', 'unknown', 'retryable'],
  [307, 'provider_refused', 'permanent', 'permanent'],
  [400, 'provider_refused', 'permanent', 'permanent'],
  [401, 'key_refused', 'permanent', 'permanent'],
  [402, 'payment_required', 'permanent', 'permanent'],
  [403, 'no_permission', 'permanent', 'permanent'],
  [408, 'provider_refused', 'unknown', 'retryable'],
  [413, 'reference_refused', 'permanent', 'permanent'],
  [429, 'rate_limited', 'retryable', 'retryable'],
  [500, 'provider_refused', 'unknown', 'retryable'],
  [503, 'provider_busy', 'retryable', 'retryable'],
  [504, 'provider_refused', 'unknown', 'retryable'],
]

test('maps each status, with the key in headers and body, to an error without it', async () => {
  let status = 200
  await using server = await startServer(response => {
    const headers = { 'retry-after': '86400', 'x-request-id': CANARY, location: `http://127.0.0.1:1/${CANARY}` }
    response.writeHead(status, headers).end(JSON.stringify({ error: { message: `Bearer ${CANARY} is wrong` } }))
  })
  for (const [each, code, submission, poll] of STATUSES) {
    status = each
    const submitted = await getProviderError(() => sendRequest(server.client, SUBMIT))
    expect(submitted).toMatchObject({ code, failure: submission, retryAfterSeconds: 86_400 })
    const polled = await getProviderError(() => sendRequest(server.client, POLL))
    expect(polled).toMatchObject({ code, failure: poll })
    expect(Bun.inspect([submitted, polled])).not.toContain('canary')
  }
  expect(server.requests).toHaveLength(2 * STATUSES.length)
  status = 404
  expect((await getProviderError(() => sendRequest(server.client, SUBMIT))).code).toBe('model_unknown')
  expect((await getProviderError(() => sendRequest(server.client, POLL))).code).toBe('request_unknown')
})

test('gives the classifier of the provider the body without the key, escaped or not', async () => {
  const bodies = [`{"error":{"code":"odd","message":"sk-canary\\/5Zq+x and sk\\u002dcanary/5Zq+x"}}`, `plain ${CANARY}`]
  await using server = await startServer(response => response.writeHead(400).end(bodies.shift()))
  const seen: unknown[] = []
  const client: HttpClient = {
    ...server.client,
    classify: ({ body }) => {
      seen.push(body)
      return { code: 'content_refused', message: 'Refused.', retryAfterSeconds: 3 }
    },
  }
  const expected = { code: 'content_refused', message: 'Refused.', failure: 'permanent', retryAfterSeconds: 3 }
  expect(await getProviderError(() => sendRequest(client, SUBMIT))).toMatchObject(expected)
  await getProviderError(() => sendRequest(client, SUBMIT))
  expect(seen).toEqual([{ error: { code: 'odd', message: '… and …' } }, 'plain …'])
})

test('reads Retry-After in milliseconds, seconds and as a date, at any length', async () => {
  const headers: Record<string, string>[] = [
    { 'retry-after-ms': '1500', 'retry-after': '9' },
    { 'retry-after': '0.5' },
    { 'retry-after': new Date(Date.now() + 7_200_000).toUTCString() },
    { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' },
    { 'retry-after': 'soon' },
    {},
  ]
  await using server = await startServer(response => response.writeHead(429, headers.shift()).end())
  const read: (number | null)[] = []
  for (let left = headers.length; left > 0; left -= 1)
    read.push((await getProviderError(() => sendRequest(server.client, POLL))).retryAfterSeconds)
  expect(read).toEqual([1.5, 0.5, expect.closeTo(7_200, -1), 0, null, null])
})

test('reads little of an error of 50 MB, and does not wait for one that never ends', async () => {
  let written = 0
  const chunk = Buffer.alloc(1_000_000, 'x')
  await using server = await startServer(async response => {
    response.writeHead(400)
    for (; written < 50_000_000 && !response.destroyed; written += chunk.byteLength)
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    response.end()
  })
  expect((await getProviderError(() => sendRequest(server.client, SUBMIT))).code).toBe('provider_refused')
  expect(written).toBeLessThan(20_000_000)
  // Its status is there at once, so that the deadline ends its body alone.
  const answer = async (_: unknown, init?: RequestInit) => {
    const start = (body: ReadableStreamDefaultController) =>
      init?.signal?.addEventListener('abort', () => body.error(init.signal?.reason))
    return new Response(new ReadableStream({ start }), { status: 400 })
  }
  const client = { ...server.client, fetch: Object.assign(answer, fetch), deadlineMs: 300 }
  expect((await getProviderError(() => sendRequest(client, POLL))).code).toBe('provider_refused')
})

test('ends a response that is cut off, too long, silent, or no JSON', async () => {
  const kinds: ((response: ServerResponse) => void)[] = [
    response => void response.writeHead(200, { 'content-length': 50 }).write('{"a":1', () => response.destroy()),
    response => void response.writeHead(200).write('{"a":1', () => response.destroy()),
    response => void response.end('x'.repeat(2_000)),
    response => void response.write('{'),
    response => void response.end(`<html>${CANARY}</html>`),
    response => void response.destroy(),
  ]
  const expected = ['unreachable', 'unreachable', 'misbehaved', 'silent', 'misbehaved', 'unreachable']
  let kind = -1
  await using server = await startServer(response => kinds[kind]?.(response))
  for (kind = 0; kind < kinds.length; kind += 1) {
    const client = expected[kind] === 'silent' ? { ...server.client, deadlineMs: HANG_MS } : server.client
    for (const request of [SUBMIT, POLL]) {
      const error = await getProviderError(
        async () => await readJson(await sendRequest(client, request), request, 1_000),
      )
      expect(error).toMatchObject({ code: `provider_${expected[kind]}`, failure: request.failureIfUnanswered })
      expect(Bun.inspect(error)).not.toContain('canary')
    }
  }
  expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(kinds.length)
})

test('posts once, although the server has closed the connections that were open', async () => {
  await using server = await startServer((response, request) =>
    request.method === 'GET' ? response.end('{}') : request.socket.end(),
  )
  for (let i = 0; i < 3; i += 1) await readJson(await sendRequest(server.client, POLL), POLL, 100)
  expect(await getProviderError(() => sendRequest(server.client, SUBMIT))).toMatchObject({ failure: 'unknown' })
  expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
})

test('sends nothing once aborted, to a closed port, with an impossible key, or to a link-local address', async () => {
  await using server = await startServer(response => response.end('{}'))
  const { client } = server
  const aborted = { ...SUBMIT, signal: AbortSignal.abort() }
  expect(await getProviderError(() => sendRequest(client, aborted))).toMatchObject({
    code: 'interrupted',
    failure: 'retryable',
  })
  const closed = { ...client, baseUrl: 'http://127.0.0.1:1' }
  expect(await getProviderError(() => sendRequest(closed, SUBMIT))).toMatchObject({
    code: 'provider_unreachable',
    failure: 'retryable',
  })
  const odd = { ...client, headers: () => ({ authorization: 'Bearer canary\u2014' }) }
  const error = await getProviderError(() => sendRequest(odd, SUBMIT))
  expect(error).toMatchObject({ code: 'key_refused', failure: 'permanent' })
  expect(Bun.inspect(error)).not.toContain('canary')
  for (const baseUrl of [
    'http://169.254.169.254',
    'http://0xa9fea9fe/v1',
    'http://[::ffff:169.254.1.1]',
    'http://[fe80::1]',
  ])
    expect((await getProviderError(() => sendRequest({ ...client, baseUrl }, SUBMIT))).message).toContain('link-local')
  const resolved = { ...client, baseUrl: 'http://localhost:1', resolve: async () => ['10.0.0.1', 'fe80::1%eth0'] }
  expect((await getProviderError(() => sendRequest(resolved, SUBMIT))).message).toContain('link-local')
  expect(server.requests).toEqual([])
})

test('an abort while an answer arrives has the class of a lost answer', async () => {
  const controller = new AbortController()
  await using server = await startServer(response => void response.writeHead(200).write('{"a"'))
  const request = { ...SUBMIT, signal: controller.signal }
  const response = await sendRequest(server.client, request)
  const error = await getProviderError(async () => {
    for await (const _ of readChunks(response, request, 100)) controller.abort()
  })
  expect(error).toMatchObject({ code: 'interrupted', failure: 'unknown' })
})

test('returns the few headers that may be stored, without the key', async () => {
  const headers = { 'x-request-id': 'req_1', 'set-cookie': 'session=1', 'openai-processing-ms': CANARY }
  await using server = await startServer(response => response.writeHead(200, headers).end('{}'))
  const stored = toAnswerHeaders(server.client, await sendRequest(server.client, SUBMIT))
  expect(stored).toEqual({ 'x-request-id': 'req_1', 'openai-processing-ms': '…' })
})

test('a call that its own time limit ends was not answered by the provider', async () => {
  const limit = new AbortController()
  // Once the call was sent: what was not has another class.
  await using server = await startServer(() => limit.abort(new DOMException('The call took too long.', 'TimeoutError')))
  const error = await getProviderError(() => sendRequest(server.client, { ...SUBMIT, signal: limit.signal }))
  expect(error).toMatchObject({ code: 'provider_silent', failure: 'unknown' })
})

test('a password is a secret by itself, and as it is in the header', () => {
  const headers = () => ({ authorization: `Basic ${btoa('painter:correct-horse')}` })
  const text = `painter:correct-horse correct-horse ${btoa('painter:correct-horse')}`
  expect(redact(text, getSecrets({ headers }))).toBe('… … …')
})
