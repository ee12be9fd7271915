import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Workflow, Workflows } from '@darkroom/contracts/connections/workflow'
import { TEXT_TO_IMAGE } from '@darkroom/infra/testing/fake-comfyui/text-to-image'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'

let ingest: TestIngest
let connection: string

beforeAll(async () => {
  ingest = await openTestIngest({})
  connection = await addConnection({ kind: 'comfyui', baseUrl: 'http://192.168.1.20:8188' })
})
afterAll(() => ingest[Symbol.asyncDispose]())

test('a workflow is uploaded, replaced, listed with its slots and removed, and each change asks for a check', async () => {
  await endCheck()
  const added = await send('POST', '', { name: ' Äpfel & Birnen (v2) ', graph: TEXT_TO_IMAGE })
  const expected = {
    name: 'Äpfel & Birnen (v2)',
    slots: ['prompt', 'negative', 'seed', 'outputs', 'size', 'steps', 'cfg', 'sampler_name', 'scheduler', 'denoise'],
    checkedAt: null,
    problem: null,
  }
  expect([added.status, added.body]).toEqual([201, expected])
  expect(await endCheck()).toBe(1)
  await ingest.sql`update workflows set problem = 'It lacks a node.', checked_at = now()`
  expect(await list()).toMatchObject([{ problem: 'It lacks a node.', checkedAt: expect.any(String) }])
  const titled = { ...TEXT_TO_IMAGE, '6': { ...TEXT_TO_IMAGE['6'], _meta: { title: 'Text @prompt' } } }
  expect((await send('POST', '', { name: expected.name, graph: titled })).body).toEqual({
    ...expected,
    slots: ['prompt'],
  })
  expect(await list()).toEqual([{ ...expected, slots: ['prompt'] }])
  const path = `/${encodeURIComponent(expected.name)}`
  expect([(await send('DELETE', path)).status, (await send('DELETE', path)).status]).toEqual([204, 404])
  expect([await list(), await endCheck()]).toEqual([[], 1])
})

test('refuses what is no workflow, carries a picture or cannot be stored, and writes nothing', async () => {
  await endCheck()
  const load = (image: unknown) => ({ ...TEXT_TO_IMAGE, '10': { class_type: 'LoadBase64', inputs: { image } } })
  for (const [body, about] of [
    [{ name: 'a/b', graph: TEXT_TO_IMAGE }, expect.stringMatching(/^name /)],
    [{ name: 'a,b', graph: TEXT_TO_IMAGE }, expect.stringMatching(/^name /)],
    [{ name: ' ', graph: TEXT_TO_IMAGE }, expect.stringMatching(/^name /)],
    [{ name: 'a'.repeat(81), graph: TEXT_TO_IMAGE }, expect.stringMatching(/^name /)],
    [{ name: 'a' }, 'graph is missing.'],
    [{ name: 'a', graph: { nodes: [], links: [] } }, expect.stringMatching(/^(It|This|The) .+\.$/)],
    [{ name: 'a', graph: {} }, expect.stringMatching(/^(It|This|The) .+\.$/)],
    [
      { name: 'a', graph: { '1': { class_type: 'SaveImage', inputs: {} } } },
      expect.stringMatching(/^(It|This|The) .+\.$/),
    ],
    [{ name: 'a', graph: load('data:image/png;base64,iVBORw0KGgo') }, expect.stringMatching(/^(It|This|The) .+\.$/)],
    [
      { name: 'a', graph: load(['x', { deep: 'iVBORw0KGgo'.repeat(10_000) }]) },
      expect.stringMatching(/^(It|This|The) .+\.$/),
    ],
    [{ name: 'a', graph: load('a\0b') }, expect.stringMatching(/^(It|This|The) .+\.$/)],
    [{ name: 'a', graph: load({ '\ud800': 1 }) }, expect.stringMatching(/^(It|This|The) .+\.$/)],
  ] as const) {
    const { status, body: problem } = await send('POST', '', body)
    expect([body, status, problem.detail]).toEqual([body, 422, about])
  }
  expect((await send('POST', '', { name: 'a', graph: load('x'.repeat(2_100_000)) })).status).toBe(413)
  expect([await list(), await endCheck()]).toEqual([[], 0])
})

test('only a connection to ComfyUI has workflows; they are removed with it', async () => {
  const other = await addConnection({ kind: 'openai', key: 'sk-of-somebody' })
  for (const [method, path, status] of [
    ['GET', `/${other}/workflows`, 409],
    ['POST', `/${other}/workflows`, 409],
    ['GET', '/nobody/workflows', 404],
    ['DELETE', '/nobody/workflows/a', 404],
  ] as const) {
    const body = method === 'POST' ? { name: 'a', graph: TEXT_TO_IMAGE } : undefined
    const response = await ingest.request(method, `/api/connections${path}`, body, 'admin')
    expect([method, path, response.status]).toEqual([method, path, status])
  }
  await send('POST', '', { name: 'a', graph: TEXT_TO_IMAGE })
  await ingest.request('DELETE', `/api/connections/${connection}`, undefined, 'admin')
  expect([...(await ingest.sql`select from workflows`)]).toEqual([])
})

async function addConnection(body: unknown): Promise<string> {
  const response = await ingest.request('POST', '/api/connections', body, 'admin')
  return ((await response.json()) as { id: string }).id
}

async function send(method: string, path: string, body?: unknown) {
  const response = await ingest.request(method, `/api/connections/${connection}/workflows${path}`, body, 'admin')
  const text = await response.text()
  type Body = Partial<Workflow & Workflows & { detail: string }>
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Body }
}

async function list(): Promise<Workflow[] | undefined> {
  return (await send('GET', '')).body.workflows
}

/** Ends the check that was requested, as a processor does. @returns the number of requested checks */
async function endCheck(): Promise<number> {
  const { count } = await ingest.sql`
    update connections set check_requested_at = null where id = ${connection} and check_requested_at is not null`
  return count
}
