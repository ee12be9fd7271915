import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { type Reference, References } from '@darkroom/contracts/reference'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { type HttpResponse, type Outcome, sendRequest, type WireRequest } from '../fuzz/http.ts'
import { checkProblemResponse, readDetail } from '../fuzz/problem-response.ts'
import { badChanges, badVerbs, foreignVerbs } from './actions.ts'
import { badAddresses } from './addresses.ts'
import {
  type BadInputCase,
  createFilePart,
  createRequest,
  createSubmissionRequest,
  createUploadRequest,
  SECRET,
  toDataUrl,
} from './case.ts'
import { createAnimation, createFlatPng, createSmallImage } from './corpus-images.ts'
import { BAD_EVENT_IDS, openStreams, readFirstEvent } from './events.ts'
import { badImages } from './images.ts'
import { openStudioProbe, type StudioProbe } from './studio-probe.ts'
import { badSubmissions } from './submissions.ts'
import { badBackfills } from './times.ts'

/**
 * Invalid requests of every kind, against a whole studio, with one oracle: each is refused with the right status and a helpful
 * sentence that repeats nothing secret, it leaves nothing behind, and the next valid request works.
 */

const images = await badImages()
const stack = new AsyncDisposableStack()
let studio: TestStudio
let port: number
let probe: StudioProbe
/** The state of the studio, which no invalid request may change. */
let before: Record<string, number>
/** A submission that was accepted. Sent again it is validated completely and writes nothing: the next valid request. */
let good: WireRequest
let original: Generation
let foreign: string
let stalled: Promise<Outcome[]>

beforeAll(async () => {
  studio = stack.use(await startTestStudio())
  port = Number(new URL(studio.url).port)
  probe = openStudioProbe(studio)
  stack.defer(() => probe.close())
  stalled = Promise.all(createStallingRequests().map(request => sendRequest(port, request, 120_000)))
  const body = { clientId: crypto.randomUUID(), prompt: 'good', parameters: { resolution: 512 } }
  good = createSubmissionRequest({ ...body, referenceImages: [toDataUrl(await createSmallImage('png'))] })
  original = await studio.waitForGeneration(
    (await parseGeneration(await send(good, 202))).id,
    ({ status }) => status === 'completed',
  )
  foreign = await probe.insertForeignGeneration(crypto.randomUUID())
  before = await probe.takeSnapshot()
})
afterAll(() => stack.disposeAsync())

describe('refuses', () => {
  const rows = (cases: BadInputCase[]) => cases.map(row => [row.name, row] as const)
  test.each(rows(badSubmissions()))('%s', (_, row) => expectRefusal(row))
  test.each(rows(badAddresses()))('%s', (_, row) => expectRefusal(row))
  test.each(rows(badVerbs()))('%s', (_, row) => expectRefusal(row))
  test.each(rows(images))('%s', (_, row) => expectRefusal(row))
})

test.each(BAD_EVENT_IDS.map(eventId => [eventId.slice(0, 30), eventId] as const))(
  'a stream with the invalid Last-Event-ID %s begins with resync',
  async (_, eventId) => {
    expect((await readFirstEvent(port, eventId)).name).toBe('resync')
    await expectNothingHappened('an invalid Last-Event-ID')
  },
)

test('refuses streams above the limit, and accepts one after another is closed', async () => {
  const streams = await openStreams(port, 64)
  await expectRefusal({
    name: 'a stream above the limit',
    request: createRequest({ target: '/api/events' }),
    status: 429,
    detail: /windows/,
  })
  streams.pop()?.close()
  const reopen = async () => {
    const [stream] = await openStreams(port, 1).catch(() => [])
    stream?.close()
    return stream !== undefined
  }
  await waitFor('Room for a stream', 60_000, reopen)
  for (const stream of streams) stream.close()
})

test('refuses a client id that another submission has used', async () => {
  const other = createSubmissionRequest({
    clientId: original.clientId,
    prompt: SECRET,
    parameters: { resolution: 512 },
  })
  await expectRefusal({ name: 'the same id for another', request: other, status: 409, detail: /clientId/ })
})

test('a complete generation refuses actions that would restart it, and invalid changes', async () => {
  for (const row of badChanges(original.id)) await expectRefusal(row)
  for (const row of foreignVerbs(foreign)) await expectRefusal(row)
})

test('refuses a batch of the backfill without a valid position', async () => {
  const secret = await readFile(join(studio.dataDir, 'internal-api-secret'), 'utf8')
  for (const row of badBackfills(secret)) await expectRefusal(row)
})

test('hides generations of another workspace from every forged cursor', async () => {
  const own = await fetchPage('limit=100&includeParameters=true')
  expect(own.generations.map(({ id }) => id)).toEqual([original.id])
  const times = ['0001-01-01T00:00:00.000000Z', original.createdAt, '9999-12-31T23:59:59.999999Z']
  for (const cursor of times.map(time => Buffer.from(`${time}|${foreign}`).toString('base64url'))) {
    for (const direction of ['older', 'newer']) {
      const { generations } = await fetchPage(`cursor=${cursor}&direction=${direction}`)
      expect(generations.map(({ id }) => id)).not.toContain(foreign)
    }
  }
  const target = `/api/generations/${foreign}`
  await expectRefusal({ name: 'a foreign id', request: createRequest({ target }), status: 404 })
})

test('bodies that declare far more than the studio takes at once, and do not arrive, are in nobody’s way', async () => {
  const pending = Array.from({ length: 15 }, createStallingRequests)
    .flat()
    .map(request => sendRequest(port, request, 2_000))
  expect((await sendRequest(port, good)).status).toBe(200)
  const outcomes = await Promise.all(pending)
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['timeout']))
  await expectNothingHappened('bodies that break off')
})

test('refuses a body that stalls', async () => {
  for (const outcome of await stalled) {
    const response = expectResponse(outcome, 'a body that stalls')
    expect([response.status, readDetail(response)]).toEqual([408, expect.stringContaining('stopped arriving')])
    expect(checkProblemResponse(response)).toEqual([])
  }
  await expectNothingHappened('bodies that stall')
})

test('returns prompts of any script unchanged', async () => {
  const prompts = [
    'שלום עולם \u202e\u2066gnp.exe\u2069',
    '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 e\u0301 Z̶̢͍a̸l̷g̵o̶',
    '\u200b\ufeff\u0001\u007f\uffff 𝒳',
    "'; drop table generations; -- {{7*7}} <script>alert(1)</script>",
    'ä'.repeat(32_000),
  ]
  for (const prompt of prompts) {
    const { id } = await parseGeneration(
      await send(createSubmissionRequest({ prompt, parameters: { resolution: 512 } }), 202),
    )
    expect((await studio.getGeneration(id)).prompt).toBe(prompt)
  }
})

test('keeps extra data in an image file, and serves it as that image only', async () => {
  const script = Buffer.from(`<script>alert('${SECRET}')</script>`)
  const files: [string, Buffer][] = [
    ['image/png', Buffer.concat([await createSmallImage('png'), script])],
    ['image/jpeg', Buffer.concat([await createSmallImage('jpeg'), script])],
    ['image/gif', await createAnimation('gif', 5_000)],
    ['image/webp', await createAnimation('webp', 5_000)],
  ]
  for (const [type, bytes] of files) {
    const body = { prompt: 'a', parameters: { resolution: 512 }, referenceImages: [toDataUrl(bytes, type)] }
    const { references } = await parseGeneration(await send(createSubmissionRequest(body), 202))
    for (const reference of references) await expectImage(reference, type, bytes)
  }
})

test('ignores the name of a file', async () => {
  const names = ['../../../../etc/passwd', 'a\0.png', `${'n'.repeat(4_096)}.png`, '\xe9\xff', 'a\\".png', 'con.svg', '']
  for (const [index, name] of names.entries()) {
    const bytes = createFlatPng(30 + index, 1)
    const response = await send(createUploadRequest([createFilePart(bytes, name)]))
    // Some parsers read a part with an empty file name as text, which is refused.
    if (name === '') expect([201, 422]).toContain(response.status)
    if (response.status !== 201) continue
    const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
    const [reference] = References.parse(JSON.parse(response.body.toString()))
    expect(reference?.url).toEndWith(`/ref/${sha256}.png`)
    if (reference) await expectImage(reference, 'image/png', bytes)
  }
})

async function expectRefusal({ name, request, status, detail }: BadInputCase): Promise<void> {
  const response = expectResponse(await sendRequest(port, request), name)
  expect([name, response.status]).toEqual([name, status])
  expect([name, ...checkProblemResponse(response, request.method)]).toEqual([name])
  expect(response.body.toString()).not.toContain(SECRET)
  if (detail) expect([name, readDetail(response)]).toEqual([name, expect.stringMatching(detail)])
  await expectNothingHappened(name)
}

async function expectNothingHappened(name: string): Promise<void> {
  const again = await parseGeneration(await send(good, 200))
  expect([name, again.id]).toEqual([name, original.id])
  expect([name, await probe.takeSnapshot()]).toEqual([name, before])
}

async function expectImage(reference: Reference, type: string, bytes: Buffer): Promise<void> {
  const whole = await send(createRequest({ target: reference.url }), 200)
  expect(whole.body.equals(bytes)).toBe(true)
  const preview = await send(createRequest({ target: reference.previewUrl }), 200)
  expect(preview.body.toString('latin1')).not.toContain('<script')
  for (const [response, shown] of [
    [whole, type],
    [preview, 'image/webp'],
  ] as const) {
    expect(response.headers.get('content-type')).toBe(shown)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-security-policy')).toContain('sandbox')
  }
}

/** Creates uploads whose bodies never end. */
function createStallingRequests(): WireRequest[] {
  const head = (...headers: [string, string][]) => [['Content-Type', 'application/json'] as const, ...headers]
  const length = head(['Content-Length', String(32 * 1024 * 1024)])
  const part = Buffer.from('{"prompt":"')
  return [
    createSubmissionRequest('', { headers: length, body: part, framing: 'none' }),
    createSubmissionRequest('', { headers: length, framing: 'none' }),
    createSubmissionRequest('', {
      headers: head(['Transfer-Encoding', 'chunked']),
      body: Buffer.from('5\r\n{"pro'),
      framing: 'none',
    }),
  ]
}

async function fetchPage(query: string): Promise<GenerationPage> {
  const response = await send(createRequest({ target: `/api/generations?${query}` }), 200)
  return GenerationPage.parse(JSON.parse(response.body.toString()))
}

async function parseGeneration(response: HttpResponse): Promise<Generation> {
  return Generation.parse(JSON.parse(response.body.toString()))
}

async function send(request: WireRequest, status?: number): Promise<HttpResponse> {
  const response = expectResponse(await sendRequest(port, request), `${request.method} ${request.target}`)
  if (status !== undefined) expect([readDetail(response), response.status]).toEqual(['', status])
  return response
}

function expectResponse(outcome: Outcome, what: string): HttpResponse {
  if (typeof outcome.status === 'string') throw new Error(`${what} had no response: ${outcome.status}`)
  return outcome as HttpResponse
}
