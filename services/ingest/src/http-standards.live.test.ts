import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { OutputState } from '@darkroom/contracts/enums'
import { Generation } from '@darkroom/contracts/generation'
import { Problem } from '@darkroom/contracts/problem'
import { References } from '@darkroom/contracts/reference'
import sharp from 'sharp'
import { writeGeneration } from './actions/generation.fixture.ts'
import { openTestIngest, type TestIngest } from './app.fixture.ts'

/** Ids, forms and keys of requests, as the standards of HTTP have them and as clients send them. */

const stack = new AsyncDisposableStack()
let ingest: TestIngest
/** Bytes of an image, each as a character. */
let image: string

beforeAll(async () => {
  ingest = stack.use(await openTestIngest())
  const create = { width: 40, height: 30, channels: 3 as const, background: '#abc' }
  image = (await sharp({ create }).png().toBuffer()).toString('latin1')
})
afterAll(() => stack.disposeAsync())

test('takes ids in capital letters, in paths and in bodies', async () => {
  const outputs: OutputState[] = ['stored', 'stored']
  const id = await createGeneration({ status: 'completed', outputs })
  const path = `/api/generate/${id.toUpperCase()}`
  for (const [method, suffix, body] of [
    ['PATCH', '', { outputIndex: 0, favourite: true }],
    ['DELETE', '/outputs/1'],
    ['POST', '/outputs/1/restore'],
    ['DELETE', ''],
    ['POST', '/restore'],
    ['POST', '/cancel'],
  ] as const) {
    const { status } = await ingest.request(method, `${path}${suffix}`, body)
    expect([method, suffix, status < 300]).toEqual([method, suffix, true])
  }
  const [reference] = await upload(createForm('a.png'))
  const referenceId = reference?.id?.toUpperCase()
  expect((await ingest.request('GET', `/api/references/${referenceId}/origin`)).status).toBe(200)
  const clientId = crypto.randomUUID()
  const submission = (isUpper: boolean) => ({
    ...{ prompt: 'capital letters', clientId: isUpper ? clientId.toUpperCase() : clientId },
    referenceImages: [isUpper ? referenceId : reference?.id],
    parent: { generationId: isUpper ? id.toUpperCase() : id, outputIndex: 0, verb: 'again' },
  })
  const first = await ingest.request('POST', '/api/generate', submission(true))
  const { parent, references } = Generation.parse(await first.json())
  expect([first.status, parent?.generationId, references[0]?.id]).toEqual([202, id, reference?.id])
  expect((await ingest.request('POST', '/api/generate', submission(false))).status).toBe(200)
  await ingest.sql`insert into connections (id, kind, name, source) values ('mine-a', 'openai', 'Mine', 'stored')`
  const renamed = await ingest.request('PATCH', '/api/connections/MINE-A', { name: 'Yours' }, 'admin')
  expect(renamed.status).toBe(200)
})

test('refuses to go on from a generation of nobody, and from an output that no generation has', async () => {
  const generationId = await createGeneration({ status: 'completed', outputs: ['stored'] })
  for (const parent of [
    { generationId: crypto.randomUUID(), outputIndex: 0 },
    { generationId, outputIndex: 1 },
    { generationId, outputIndex: 1e15 },
    { generationId, outputIndex: -1 },
  ]) {
    const body = { prompt: 'a', parent: { ...parent, verb: 'again' } }
    expect([parent, (await ingest.request('POST', '/api/generate', body)).status]).toEqual([parent, 422])
  }
})

test('a form with a preamble, a leading line break or a file name in Latin-1 uploads the image', async () => {
  const form = createForm('B\xe4r.png')
  const [reference] = await upload(form)
  for (const dialect of [`\r\n${form}`, `A form.\r\n${form}`, `${form}The end.`])
    expect([dialect.slice(0, 20), (await upload(dialect))[0]?.id]).toEqual([dialect.slice(0, 20), reference?.id])
})

test('a key makes a submission once, whether it is a UUID or another text', async () => {
  for (const key of [crypto.randomUUID(), '"order 17"', 'order-18']) {
    const body = { prompt: 'once' }
    const first = await submit(body, key)
    expect([key, first.status, first.replayed]).toEqual([key, 202, null])
    expect((await submit(body, key)).generation?.clientId).toBe(first.generation?.clientId ?? '')
    const again = await submit(body, key)
    expect([key, again.status, again.replayed, again.generation]).toEqual([key, 200, 'true', first.generation])
    const other = await submit({ prompt: 'twice' }, key)
    expect([key, other.status, other.problem?.code]).toEqual([key, 409, 'conflict'])
    const elsewhere = await submit({ prompt: 'twice' }, key, 'stranger')
    expect([key, elsewhere.status]).toEqual([key, 202])
  }
})

test('a key in the header and a client id in the body are one and the same', async () => {
  const clientId = crypto.randomUUID()
  expect((await submit({ prompt: 'a', clientId }, clientId.toUpperCase())).generation?.clientId).toBe(clientId)
  const byBody = await submit({ prompt: 'a', clientId })
  expect([byBody.status, byBody.replayed]).toEqual([200, 'true'])
  expect((await submit({ prompt: 'a' }, clientId)).status).toBe(200)
  for (const key of [crypto.randomUUID(), 'order-19']) {
    const refused = await submit({ prompt: 'a', clientId }, key)
    expect([refused.status, refused.problem?.errors?.[0]?.path]).toEqual([422, 'clientId'])
  }
  const invalid = await submit({ prompt: 'a' }, '"a", "b"')
  expect([invalid.status, invalid.problem?.errors?.[0]?.path]).toEqual([422, 'Idempotency-Key'])
})

test('a key retries a generation once, even after it has failed again', async () => {
  const id = await createGeneration({ status: 'failed', outputs: ['failed'] })
  const other = await createGeneration({ status: 'failed', outputs: ['failed'] })
  const responses = await Promise.all([1, 2, 3].map(() => act(id, 'retry', 'click-1')))
  expect(responses.map(({ status, replayed }) => `${status} ${replayed}`).toSorted()).toEqual([
    '200 true',
    '200 true',
    '202 null',
  ])
  await ingest.sql`update generations set status = 'failed' where id = ${id}`
  const late = await act(id, 'retry', 'click-1')
  expect([late.status, late.replayed, late.generation?.status]).toEqual([200, 'true', 'failed'])
  for (const [target, action] of [
    [id, 'complete'],
    [other, 'retry'],
  ] as const)
    expect([action, (await act(target, action, 'click-1')).problem?.code]).toEqual([action, 'conflict'])
  expect((await act(id, 'retry', 'click-2')).status).toBe(202)
  const missing = await createGeneration({ status: 'completed', outputs: ['stored', 'failed'] })
  expect((await act(missing, 'complete', 'click-3')).status).toBe(202)
  expect((await act(missing, 'complete', 'click-3')).status).toBe(200)
  expect((await act(missing, 'complete')).status).toBe(409)
  const jobs = await ingest.sql<{ id: string; count: number }[]>`
    select payload ->> 'id' as id, count(*)::int as count from outbox
    where payload ->> 'type' = 'generation.queued' and payload ->> 'id' = any(${[id, other, missing]}) group by 1`
  expect(Object.fromEntries(jobs.map(({ id, count }) => [id, count]))).toEqual({ [id]: 2, [missing]: 1 })
})

test('HEAD has the headers of GET', async () => {
  for (const path of ['/api/auth', '/api/connections', `/api/references/${crypto.randomUUID()}/origin`]) {
    const [get, head] = [
      await ingest.request('GET', path, undefined, 'admin'),
      await ingest.request('HEAD', path, undefined, 'admin'),
    ]
    const describe = ({ headers }: Response) =>
      [...headers].filter(([name]) => !/^(x-request-id|content-length)$/.test(name))
    expect([path, head.status, describe(head)]).toEqual([path, get.status, describe(get)])
    expect([head.headers.get('content-length'), await head.text()]).toEqual([`${(await get.bytes()).length}`, ''])
  }
})

async function createGeneration(state: { status: 'completed' | 'failed'; outputs: OutputState[] }): Promise<string> {
  return await writeGeneration(ingest.sql, { workspaceId: ingest.owner.workspaceId, ...state })
}

/** Creates a form with an image. */
function createForm(name: string): string {
  return `--x\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n${image}\r\n--x--\r\n`
}

async function upload(form: string): Promise<References> {
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const body = Buffer.from(form, 'latin1')
  const response = await ingest.send(new Request('http://localhost/api/references', { method: 'POST', headers, body }))
  return References.parse(await response.json())
}

async function submit(body: object, key?: string, as = 'owner') {
  const headers = { 'content-type': 'application/json', 'x-test': as }
  return await send('/api/generate', { headers, body: JSON.stringify(body) }, key)
}

async function act(id: string, action: string, key?: string) {
  return await send(`/api/generate/${id}/${action}`, {}, key)
}

async function send(path: string, init: { headers?: Record<string, string>; body?: string }, key?: string) {
  const headers = { ...init.headers, ...(key !== undefined && { 'idempotency-key': key }) }
  const response = await ingest.send(new Request(`http://localhost${path}`, { method: 'POST', ...init, headers }))
  const body = await response.json()
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed'),
    generation: response.ok ? Generation.parse(body) : undefined,
    problem: response.ok ? undefined : Problem.parse(body),
  }
}
