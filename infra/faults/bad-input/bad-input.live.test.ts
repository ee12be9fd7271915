import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { type Reference, References } from '@darkroom/contracts/reference'
import { until } from '../../local/process/wait-until.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { type Answer, exchange, type Outcome, type WireRequest } from '../fuzz/http.ts'
import { detailOf, faultsOfRefusal } from '../fuzz/problem-response.ts'
import { badChanges, badVerbs, foreignVerbs } from './actions.ts'
import { badAddresses } from './addresses.ts'
import { type Case, dataUrl, filePart, SECRET, submission, upload, wire } from './case.ts'
import { animation, flatPng, smallPicture } from './corpus-images.ts'
import { BAD_PLACES, firstEvent, openStreams } from './events.ts'
import { badPictures } from './images.ts'
import { openTraces, type Traces } from './studio-probe.ts'
import { badSubmissions } from './submissions.ts'

/**
 * Every way in which a request can be wrong, against a whole studio, with one oracle: it is refused with the right status and
 * a sentence that helps and repeats nothing secret, it leaves nothing behind, and the next good request works.
 */

const pictures = await badPictures()
const stack = new AsyncDisposableStack()
let studio: TestStudio
let port: number
let traces: Traces
/** What there is while nothing but bad requests come. */
let before: Record<string, number>
/** A submission that was accepted. Sent again it is judged whole and writes nothing: the next good request. */
let good: WireRequest
let kept: Generation
let foreign: string
let stalled: Promise<Outcome[]>

beforeAll(async () => {
  studio = stack.use(await startTestStudio())
  port = Number(new URL(studio.url).port)
  traces = openTraces(studio)
  stack.defer(() => traces.close())
  stalled = Promise.all(stalling().map(request => exchange(port, request, 40_000)))
  const body = { clientId: crypto.randomUUID(), prompt: 'good', parameters: { resolution: 512 } }
  good = submission({ ...body, referenceImages: [dataUrl(await smallPicture('png'))] })
  kept = await studio.until((await generationOf(await send(good, 202))).id, ({ status }) => status === 'completed')
  foreign = await traces.plant(crypto.randomUUID())
  before = await traces.now()
}, 120_000)
afterAll(() => stack.disposeAsync(), 30_000)

describe('refused is', () => {
  const rows = (cases: Case[]) => cases.map(row => [row.name, row] as const)
  test.each(rows(badSubmissions()))('%s', (_, row) => expectRefusal(row))
  test.each(rows(badAddresses()))('%s', (_, row) => expectRefusal(row))
  test.each(rows(badVerbs()))('%s', (_, row) => expectRefusal(row))
  test.each(rows(pictures))('%s', (_, row) => expectRefusal(row))
})

test.each(BAD_PLACES.map(place => [place.slice(0, 30), place] as const))(
  'events after a place that is none (%s) begin with: read everything again',
  async (_, place) => {
    expect((await firstEvent(port, place)).name).toBe('resync')
    await expectNothingHappened('a place that is none')
  },
)

test('more streams than there may be are refused, and one that is closed makes room', async () => {
  const streams = await openStreams(port, 64)
  await expectRefusal({
    name: 'a stream too many',
    request: wire({ target: '/api/events' }),
    status: 429,
    says: /windows/,
  })
  streams.pop()?.close()
  const again = async () => {
    const [stream] = await openStreams(port, 1).catch(() => [])
    stream?.close()
    return stream ? true : undefined
  }
  await until(again, { what: 'Room for a stream', milliseconds: 20_000, signal: new AbortController().signal })
  for (const stream of streams) stream.close()
}, 60_000)

test('an id of the client’s is good for one submission', async () => {
  const other = submission({ clientId: kept.clientId, prompt: SECRET, parameters: { resolution: 512 } })
  await expectRefusal({ name: 'the same id for another', request: other, status: 409, says: /clientId/ })
})

test('what has ended, whole, takes no verb that would begin it again, and no change that is none', async () => {
  for (const row of badChanges(kept.id)) await expectRefusal(row)
  for (const row of foreignVerbs(foreign)) await expectRefusal(row)
}, 30_000)

test('what is somebody else’s is not there, whatever cursor is made up', async () => {
  const own = await pageOf('limit=100&includeParameters=true')
  expect(own.generations.map(({ id }) => id)).toEqual([kept.id])
  const times = ['0001-01-01T00:00:00.000000Z', kept.createdAt, '9999-12-31T23:59:59.999999Z']
  for (const cursor of times.map(time => Buffer.from(`${time}|${foreign}`).toString('base64url'))) {
    for (const direction of ['older', 'newer']) {
      const { generations } = await pageOf(`cursor=${cursor}&direction=${direction}`)
      expect(generations.map(({ id }) => id)).not.toContain(foreign)
    }
  }
  const target = `/api/generations/${foreign}`
  await expectRefusal({ name: 'a foreign id', request: wire({ target }), status: 404 })
})

test('bodies that break off give back the memory that they asked for', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 15 }, stalling)
      .flat()
      .map(request => exchange(port, request, 500)),
  )
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['late', 503]))
  const works = async () => ((await exchange(port, good)).status === 200 ? true : undefined)
  await until(works, { what: 'Memory for the next body', milliseconds: 5_000, signal: new AbortController().signal })
  await expectNothingHappened('bodies that break off')
}, 20_000)

test('a body of which nothing more comes is given up', async () => {
  for (const outcome of await stalled) {
    const answer = answered(outcome, 'a body that stalls')
    expect([answer.status, detailOf(answer)]).toEqual([400, expect.stringContaining('stopped arriving')])
    expect(faultsOfRefusal(answer)).toEqual([])
  }
  await expectNothingHappened('bodies that stall')
}, 60_000)

test('every script and sign that people write is taken, and comes back as it was', async () => {
  const prompts = [
    'שלום עולם \u202e\u2066gnp.exe\u2069',
    '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 e\u0301 Z̶̢͍a̸l̷g̵o̶',
    '\u200b\ufeff\u0001\u007f\uffff 𝒳',
    "'; drop table generations; -- {{7*7}} <script>alert(1)</script>",
    'ä'.repeat(32_000),
  ]
  for (const prompt of prompts) {
    const { id } = await generationOf(await send(submission({ prompt, parameters: { resolution: 512 } }), 202))
    expect((await studio.read(id)).prompt).toBe(prompt)
  }
})

test('what a picture carries besides is kept, and never served as anything but the picture', async () => {
  const script = Buffer.from(`<script>alert('${SECRET}')</script>`)
  const files: [string, Buffer][] = [
    ['image/png', Buffer.concat([await smallPicture('png'), script])],
    ['image/jpeg', Buffer.concat([await smallPicture('jpeg'), script])],
    ['image/gif', await animation('gif', 5_000)],
    ['image/webp', await animation('webp', 5_000)],
  ]
  for (const [type, bytes] of files) {
    const body = { prompt: 'a', parameters: { resolution: 512 }, referenceImages: [dataUrl(bytes, type)] }
    const { references } = await generationOf(await send(submission(body), 202))
    for (const reference of references) await expectPicture(reference, type, bytes)
  }
}, 30_000)

test('the name of a file is nobody’s business', async () => {
  const names = ['../../../../etc/passwd', 'a\0.png', `${'n'.repeat(4_096)}.png`, '\xe9\xff', 'a\\".png', 'con.svg', '']
  for (const [index, name] of names.entries()) {
    const bytes = flatPng(30 + index, 1)
    const answer = await send(upload([filePart(bytes, name)]))
    // A part whose name is empty is a text to some: then it is refused for being one.
    if (name === '') expect([201, 422]).toContain(answer.status)
    if (answer.status !== 201) continue
    const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
    const [reference] = References.parse(JSON.parse(answer.body.toString()))
    expect(reference?.url).toEndWith(`/ref/${sha256}.png`)
    if (reference) await expectPicture(reference, 'image/png', bytes)
  }
})

async function expectRefusal({ name, request, status, says }: Case): Promise<void> {
  const answer = answered(await exchange(port, request, 20_000), name)
  expect([name, answer.status]).toEqual([name, status])
  expect([name, ...faultsOfRefusal(answer, request.method)]).toEqual([name])
  expect(answer.body.toString()).not.toContain(SECRET)
  if (says) expect([name, detailOf(answer)]).toEqual([name, expect.stringMatching(says)])
  await expectNothingHappened(name)
}

async function expectNothingHappened(name: string): Promise<void> {
  const again = await generationOf(await send(good, 200))
  expect([name, again.id]).toEqual([name, kept.id])
  expect([name, await traces.now()]).toEqual([name, before])
}

async function expectPicture(reference: Reference, type: string, bytes: Buffer): Promise<void> {
  const whole = await send(wire({ target: reference.url }), 200)
  expect(whole.body.equals(bytes)).toBe(true)
  const preview = await send(wire({ target: reference.previewUrl }), 200)
  expect(preview.body.toString('latin1')).not.toContain('<script')
  for (const [answer, shown] of [
    [whole, type],
    [preview, 'image/webp'],
  ] as const) {
    expect(answer.headers.get('content-type')).toBe(shown)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toContain('sandbox')
  }
}

/** Uploads of which something is missing for as long as anybody waits. */
function stalling(): WireRequest[] {
  const head = (...headers: [string, string][]) => [['Content-Type', 'application/json'] as const, ...headers]
  const length = head(['Content-Length', String(32 * 1024 * 1024)])
  const part = Buffer.from('{"prompt":"')
  return [
    submission('', { headers: length, body: part, framing: 'untold' }),
    submission('', { headers: length, framing: 'untold' }),
    submission('', {
      headers: head(['Transfer-Encoding', 'chunked']),
      body: Buffer.from('5\r\n{"pro'),
      framing: 'untold',
    }),
  ]
}

async function pageOf(query: string): Promise<GenerationPage> {
  const answer = await send(wire({ target: `/api/generations?${query}` }), 200)
  return GenerationPage.parse(JSON.parse(answer.body.toString()))
}

async function generationOf(answer: Answer): Promise<Generation> {
  return Generation.parse(JSON.parse(answer.body.toString()))
}

async function send(request: WireRequest, status?: number): Promise<Answer> {
  const answer = answered(await exchange(port, request, 20_000), `${request.method} ${request.target}`)
  if (status !== undefined) expect([detailOf(answer), answer.status]).toEqual(['', status])
  return answer
}

function answered(outcome: Outcome, what: string): Answer {
  if (typeof outcome.status === 'string') throw new Error(`${what} had no answer: ${outcome.status}`)
  return outcome as Answer
}
