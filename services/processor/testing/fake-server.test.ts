import { expect, test } from 'bun:test'
import { readAll, SafeGetError, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import type { FileFault } from '@darkroom/infra/testing/fake-provider/behavior'
import { type FakeProviderServer, startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import sharp from 'sharp'
import { createTestAdapter, REQUEST, submitRequest } from './fake-env.ts'
import { HANG_MS, neverAborted } from './make-call.ts'

const WAIT_MS = 60_000

/** Results of reading a file: `whole`, `undecodable` for an image that does not decode, or the code of a `SafeGetError`. */
const FILE_FAULTS: readonly (readonly [fault: FileFault, reads: readonly string[]])[] = [
  [{ kind: 'status' }, ['status', 'status', 'status']],
  [{ kind: 'status', status: 404 }, ['status', 'status', 'status']],
  [{ kind: 'status', times: 2 }, ['status', 'status', 'whole']],
  [{ kind: 'status', status: 410, after: 1 }, ['whole', 'status', 'status']],
  [{ kind: 'truncated', times: 1 }, ['truncated', 'whole', 'whole']],
  [{ kind: 'cut-without-length' }, ['undecodable']],
  [{ kind: 'garbage' }, ['undecodable']],
  [{ kind: 'html' }, ['wrong-type']],
  [{ kind: 'wrong-type' }, ['wrong-type']],
  [{ kind: 'endless' }, ['too-large']],
  [{ kind: 'drip' }, ['timeout']],
  [{ kind: 'hang' }, ['timeout']],
  [{ kind: 'redirect' }, ['blocked-address']],
  [{ kind: 'redirect', to: 'file:///etc/hostname' }, ['bad-scheme']],
]

for (const [fault, reads] of FILE_FAULTS) {
  test(`serves a file with the fault ${JSON.stringify(fault)} as ${reads.join(', ')}, and another one whole`, async () => {
    await using fake = await startFakeProvider()
    const [first = '', second = ''] = await listFiles(fake, 2)
    fake.setBehavior({ files: { 0: fault } })
    for (const read of reads) expect(await readFile(fake, first, read === 'timeout' ? HANG_MS : WAIT_MS)).toBe(read)
    expect(await readFile(fake, second)).toBe('whole')
    await fake.waitForRequests(log => log.filesInFlight === 0)
    expect(fake.requestLog.files).toHaveLength(reads.length + 1)
  })
}

test('applies a fault of every file to each file separately', async () => {
  await using fake = await startFakeProvider()
  const urls = await listFiles(fake, 3)
  fake.setBehavior({ files: { '*': { kind: 'status', times: 1 }, 2: { kind: 'html' } } })
  expect(await Promise.all(urls.map(url => readFile(fake, url)))).toEqual(['status', 'status', 'wrong-type'])
  expect(await Promise.all(urls.map(url => readFile(fake, url)))).toEqual(['whole', 'whole', 'wrong-type'])
})

test('holds files until they are released, and counts those in flight', async () => {
  await using fake = await startFakeProvider()
  const urls = await listFiles(fake, 4)
  fake.holdFiles()
  const reads = urls.map(url => readFile(fake, url))
  await fake.waitForRequests(log => log.filesInFlight === 4)
  expect(fake.requestLog.files).toHaveLength(0)
  fake.releaseFiles()
  expect(await Promise.all(reads)).toEqual(['whole', 'whole', 'whole', 'whole'])
  await fake.waitForRequests(log => log.filesInFlight === 0)
  expect(fake.requestLog.maxFilesInFlight).toBe(4)
})

test('does not count an aborted file as in flight', async () => {
  await using fake = await startFakeProvider()
  const [url = ''] = await listFiles(fake, 1)
  fake.holdFiles()
  expect(await readFile(fake, url, HANG_MS)).toBe('timeout')
  await fake.waitForRequests(log => log.filesInFlight === 0)
})

test('delays predictions and files by the configured times', async () => {
  await using fake = await startFakeProvider()
  fake.setBehavior({ delayMs: 60, fileDelayMs: 60 })
  const started = performance.now()
  const provider = createTestAdapter(fake)
  const requestId = await submit(fake, 1)
  while ((await provider.check(requestId, neverAborted)).kind === 'waiting') await Bun.sleep(5)
  expect(performance.now() - started).toBeGreaterThanOrEqual(60)
  expect(await readFile(fake, `${fake.url}/files/${requestId}/0.png`)).toBe('whole')
  expect(performance.now() - started).toBeGreaterThanOrEqual(120)
})

test('refuses unknown paths and invalid bodies', async () => {
  await using fake = await startFakeProvider()
  const id = await submit(fake, 1)
  const post = (path: string, body: string) => fetch(fake.url + path, { method: 'POST', body })
  const statuses = [
    fetch(`${fake.url}/`),
    fetch(`${fake.url}/files/${id}/1.png`),
    fetch(`${fake.url}/files/gone/0.png`),
    post('/predictions', '{'),
    post('/predictions', '{}'),
    post('/control', '{"set":{"nonsense":1}}'),
  ].map(async response => (await response).status)
  expect(await Promise.all(statuses)).toEqual([404, 404, 404, 422, 422, 422])
})

test('resets the behavior and the request log, but not the predictions', async () => {
  await using fake = await startFakeProvider()
  const [url = ''] = await listFiles(fake, 1)
  fake.setBehavior({ files: { '*': { kind: 'html' } } })
  fake.reset()
  expect(fake.requestLog).toMatchObject({ submits: [], files: [], submitsByKey: {} })
  expect(await readFile(fake, url)).toBe('whole')
})

test('times out while it waits for requests that never come', async () => {
  await using fake = await startFakeProvider()
  await expect(fake.waitForRequests(() => false, 20)).rejects.toThrow('timed out')
})

test('runs as a separate process that is controlled over HTTP, and stops on SIGTERM', async () => {
  const process = Bun.spawn(
    ['bun', `${import.meta.dir}/../../../infra/testing/fake-provider/fake-server.ts`, '--port', '0'],
    { stdout: 'pipe' },
  )
  try {
    const { value } = await process.stdout.getReader().read()
    const url = new TextDecoder().decode(value).trim()
    const control = async (body: unknown) =>
      await (await fetch(`${url}/control`, { method: 'POST', body: JSON.stringify(body) })).json()
    expect(await control({ set: { readyOutputs: 0 } })).toMatchObject({ readyOutputs: 0 })
    const id = await submit({ url }, 1)
    expect(await createTestAdapter({ url }).check(id, neverAborted)).toMatchObject({ kind: 'waiting' })
    const initial = { readyOutputs: null, holdFiles: false, delayMs: 0 }
    expect(await control({ reset: true, set: { delayMs: 5 } })).toMatchObject({ ...initial, delayMs: 5 })
    expect(await createTestAdapter({ url }).check(id, neverAborted)).toMatchObject({ kind: 'finished' })
    expect(await (await fetch(`${url}/log`)).json()).toMatchObject({ checks: [id], predictions: { [id]: 'succeeded' } })
  } finally {
    process.kill('SIGTERM')
  }
  expect(await process.exited).toBe(0)
})

async function submit(fake: { url: string }, count: number): Promise<string> {
  return await submitRequest(createTestAdapter(fake), { ...REQUEST, indices: [0, 1, 2, 3].slice(0, count) })
}

async function listFiles(fake: FakeProviderServer, count: number): Promise<string[]> {
  const checked = await createTestAdapter(fake).check(await submit(fake, count), neverAborted)
  const outputs = checked.kind === 'finished' ? checked.outputs : []
  return outputs.flatMap(output => (output.kind === 'url' ? [output.url] : []))
}

async function readFile(fake: FakeProviderServer, url: string, deadlineMs = WAIT_MS): Promise<string> {
  const limits = { maxBytes: 300_000, deadlineMs, signal: neverAborted, accept: ['image/png'] }
  try {
    const bytes = await readAll(await safeGet(url, { ...limits, allowOrigins: [fake.url] }), neverAborted)
    return await sharp(bytes, { failOn: 'truncated' })
      .raw()
      .toBuffer()
      .then(
        () => 'whole',
        () => 'undecodable',
      )
  } catch (error) {
    return error instanceof SafeGetError ? error.code : String(error)
  }
}
