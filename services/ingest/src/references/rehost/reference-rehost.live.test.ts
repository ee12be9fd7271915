import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Generation } from '@darkroom/contracts/generation'
import { readGeneration } from '@darkroom/infra/generations/generations'
import { SafeGetError, type SafeResponse, type safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { type BackfillEnv, openBackfillEnv } from '../../backfill/backfill-env.fixture.ts'
import { createImage } from '../../backfill/old-row.fixture.ts'
import { insertBatch } from '../../import/import-rows.ts'
import { runReferenceRehosts } from './reference-rehost.ts'
import { deleteReferenceRehost, giveUpReferenceRehost, takeReferenceRehost } from './reference-rehost-rows.ts'

const WORKSPACE = crypto.randomUUID()
const stack = new AsyncDisposableStack()
let env: BackfillEnv

beforeAll(async () => {
  env = stack.use(await openBackfillEnv())
})
afterAll(() => stack.disposeAsync())

test('brings an address into every generation that has it, once; what cannot be had is given up and stays', async () => {
  const image = await createImage('png', 32)
  const good = 'https://old.example/a.png?token=x'
  const failures: Record<string, SafeGetError | Uint8Array> = {
    'https://old.example/gone.png': new SafeGetError('status', 'old.example answered 404.', { status: 404 }),
    'http://10.0.0.1:9000/a.png': new SafeGetError('bad-port', 'Only the ports 80 and 443 are fetched.'),
    'https://old.example/page': new TextEncoder().encode('<html>'),
    'https://old.example/away.png': new SafeGetError('network', 'old.example could not be reached.'),
  }
  const fetched: string[] = []
  const get = (async (url: string | URL) => {
    fetched.push(String(url))
    const answer = failures[String(url)] ?? image
    if (answer instanceof Error) throw answer
    return toResponse(answer)
  }) as typeof safeGet
  const single = { referenceImageUrl: good, referenceImageBucket: 'old', referenceImages: [good], seed: 7 }
  const parameters = [single, { referenceImages: ['/media/x.png', good], referenceImage: good }]
  const ids = await Promise.all(
    [...Array.from({ length: 51 }, () => single), parameters[1] ?? {}].map(insertGeneration),
  )
  for (const url of Object.keys(failures)) await insertGeneration({ referenceImageUrl: url, referenceImages: [url] })
  const controller = new AbortController()
  const policy = { minMs: 0, baseMs: 0, maxMs: 0 }
  const running = runReferenceRehosts({ ...env.deps, get, policy, pollMs: 10, signal: controller.signal })
  const readLeft = async () =>
    await env.sql`select url, error from reference_rehosts where error is not null or url = ${good} order by url`
  const isSettled = async () => {
    const left = await readLeft()
    return left.length === 3 && left.every(({ error }) => error !== null)
  }
  await waitFor('the references', 60_000, isSettled)
  controller.abort()
  await running
  expect((await readLeft()).map(row => row.error)).toEqual([
    'Only the ports 80 and 443 are fetched.',
    'old.example answered 404.',
    expect.stringMatching(/^The file is /),
  ])
  expect(fetched.filter(url => url === good)).toHaveLength(1)
  expect(fetched.filter(url => url.endsWith('gone.png'))).toHaveLength(3)
  const [first, last] = await Promise.all([read(ids[0]), read(ids.at(-1))])
  const pointer = first?.references[0]?.url ?? ''
  expect(pointer).toMatch(/^\/media\/w\/.*\/ref\/.*\.png$/)
  expect(first?.parameters).toMatchObject({ referenceImageUrl: pointer, referenceImages: [pointer], seed: 7 })
  expect(first?.parameters.referenceImageBucket).toBe('media')
  expect(last?.parameters.referenceImages).toEqual(['/media/x.png', pointer])
  const [left] = await env.sql`select count(*)::int as count from generation_references where url = ${good}`
  expect(left?.count).toBe(0)
  const [raw] = await env.sql`
    select count(*)::int as count from generation_raw where parameters::text like '%old.example/a.png%'`
  expect(raw?.count).toBe(0)
  expect(await env.readBytes(pointer.slice('/media/'.length))).toEqual(Buffer.from(image))
  expect(await env.sql`select from previews_due`).toHaveLength(1)
})

test('an address that is asked for again while it is fetched is fetched once more, later; one that was given up at once', async () => {
  const url = 'https://old.example/again.png'
  const request = async () => {
    const id = crypto.randomUUID()
    const record = { externalId: id, prompt: '', model: 'm', kind: 'image', status: 'completed', error: null } as const
    const times = { createdAt: '2024-01-01T00:00:00Z', completedAt: '2024-01-01T00:00:00Z' }
    const identity = { userId: WORKSPACE, workspaceId: WORKSPACE, admin: true }
    const parameters = { referenceImageUrl: url, referenceImages: [url] }
    const item = { id, clientId: id, identity, record: { ...record, ...times, parameters, outputs: [] }, outputs: [] }
    expect(await insertBatch(env.sql, [item], { isDryRun: false, signal: AbortSignal.timeout(60_000) })).toBe(1)
  }
  await env.sql`delete from reference_rehosts`
  await request()
  const taken = await take()
  await request()
  expect(await takeReferenceRehost(env.sql, 300)).toBeUndefined()
  await giveUpReferenceRehost(env.sql, taken, 'gone')
  await deleteReferenceRehost(env.sql, taken)
  expect(await env.sql`select url, error from reference_rehosts`).toEqual([{ url, error: null }] as never)
  await env.sql`update reference_rehosts set next_try_at = now()`
  const again = await take()
  expect(again.tries).toBe(2)
  await giveUpReferenceRehost(env.sql, again, 'gone')
  expect(await takeReferenceRehost(env.sql, 300)).toBeUndefined()
  await request()
  await deleteReferenceRehost(env.sql, await take())
  expect(await env.sql`select from reference_rehosts`).toHaveLength(0)
})

async function take() {
  const taken = await takeReferenceRehost(env.sql, 300)
  if (!taken) throw new Error('no address is due')
  return taken
}

async function insertGeneration(parameters: Record<string, unknown>): Promise<string> {
  const id = Bun.randomUUIDv7()
  const url = String(parameters.referenceImageUrl ?? parameters.referenceImage)
  await env.sql.begin(async tx => {
    const json = tx.json(parameters as never)
    await tx`
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt, parameters, num_outputs)
      values (${id}, ${WORKSPACE}, ${WORKSPACE}, ${id}, '', 'completed', 'image', 'm', 'imported', 'p', ${json}, 0)`
    await tx`insert into generation_raw (workspace_id, generation_id, parameters, created_at) values (${WORKSPACE}, ${id}, ${json}, now())`
    await tx`insert into generation_jobs (workspace_id, generation_id) values (${WORKSPACE}, ${id})`
    await tx`insert into generation_references (workspace_id, generation_id, position, url) values (${WORKSPACE}, ${id}, 0, ${url})`
    await tx`insert into reference_rehosts (workspace_id, url) values (${WORKSPACE}, ${url}) on conflict do nothing`
  })
  return id
}

async function read(id: string | undefined): Promise<Generation> {
  return Generation.parse(JSON.parse((await readGeneration(env.sql, { id: id ?? '', workspaceId: WORKSPACE })) ?? ''))
}

function toResponse(bytes: Uint8Array): SafeResponse {
  const body = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
  const url = new URL('https://old.example')
  return { status: 200, headers: {}, mimeType: 'image/png', contentLength: bytes.byteLength, body, url }
}
