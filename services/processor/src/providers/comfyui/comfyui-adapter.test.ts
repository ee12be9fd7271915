import { expect, test } from 'bun:test'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { publicError } from '@darkroom/contracts/failures'
import { VERSIONS } from '@darkroom/infra/testing/fake-comfyui/jobs-routes'
import { TEXT_TO_IMAGE } from '@darkroom/infra/testing/fake-comfyui/text-to-image'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { neverAborted } from '../../../testing/make-call.ts'
import type { Adapter, CheckResult, ProviderRequest } from '../adapter.ts'
import { createTestAdapter, REQUEST, startTestFake } from './comfyui-env.fixture.ts'
import { createPromptId } from './prompt-id.ts'

const KEY = 'a generation:0'

test.each(VERSIONS)('makes the outputs of a prompt, on a server of version %s', async version => {
  await using fake = await startTestFake({ version })
  const adapter = createTestAdapter(fake)
  const handle = await submit(adapter, REQUEST)
  const { outputs } = await poll(adapter, handle, 'finished')
  expect(outputs.map(({ index, kind }) => [index, kind])).toEqual([
    [0, 'url'],
    [1, 'url'],
  ])
  for (const output of outputs) {
    const image = await (await fetch(output.kind === 'url' ? output.url : '')).bytes()
    expect(await sharp(image).metadata()).toMatchObject({ format: 'png', width: 256, height: 192 })
  }
  const body = JSON.parse(fake.requests().find(({ path }) => path === '/prompt')?.body ?? '')
  expect(body).toMatchObject({
    prompt_id: createPromptId(KEY),
    prompt: {
      3: { inputs: { seed: 7, steps: 3, cfg: 8, positive: ['6', 0] } },
      5: { inputs: { width: 256, height: 192, batch_size: 2 } },
      6: { inputs: { text: 'hills at dusk' } },
      7: { inputs: { text: 'people' } },
      9: { inputs: { filename_prefix: `darkroom/${createPromptId(KEY)}` } },
    },
  })
})

test.each(VERSIONS)('a prompt that the server has is adopted, not submitted again, on version %s', async version => {
  await using fake = await startTestFake({ version, stepMs: 20 })
  const adapter = createTestAdapter(fake)
  fake.setFault('cut-before-answer')
  const error = await getProviderError(() => submit(adapter, REQUEST))
  expect(error).toMatchObject({ code: 'provider_unreachable', failure: 'unknown' })
  fake.setFault(null)
  const other = createTestAdapter(fake)
  const found = { kind: 'found', handle: createPromptId(KEY) } as const
  expect(await recover(other)).toEqual(found)
  expect(await submit(other, REQUEST)).toBe(found.handle)
  await poll(other, found.handle, 'finished')
  expect(await recover(other)).toEqual(found)
  expect([fake.posts(), await fake.made()]).toEqual([1, [found.handle]])
})

test('a prompt that never arrived was never taken', async () => {
  await using fake = await startTestFake()
  expect(await recover(createTestAdapter(fake))).toEqual({ kind: 'never-taken' })
})

test('a proxy that has lost its server is no server that has forgotten a prompt', async () => {
  await using fake = await startTestFake()
  let notFound = Number.POSITIVE_INFINITY
  let isPromptLost = false
  using proxy = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async request => {
      notFound -= 1
      if (notFound >= 0 || (isPromptLost && request.url.endsWith('/prompt')))
        return new Response('404 page not found', { status: 404 })
      const { pathname, search } = new URL(request.url)
      return await fetch(`${fake.url}${pathname}${search}`, { method: request.method, body: await request.bytes() })
    },
  })
  const adapter = createTestAdapter({ url: proxy.url.origin })
  const lost = { code: 'provider_unreachable', failure: 'retryable' }
  expect(await getProviderError(() => recover(adapter))).toMatchObject(lost)
  expect(await getProviderError(() => submit(adapter, REQUEST))).toMatchObject(lost)
  expect(await getProviderError(() => adapter.check(createPromptId(KEY), neverAborted))).toMatchObject(lost)
  notFound = 0
  isPromptLost = true
  expect(await getProviderError(() => submit(adapter, REQUEST))).toMatchObject(lost)
  isPromptLost = false
  const handle = await submit(adapter, REQUEST)
  await poll(adapter, handle, 'finished')
  notFound = 1
  expect(await adapter.check(handle, neverAborted)).toMatchObject({ kind: 'finished' })
  expect(fake.posts()).toBe(1)
})

test.each(VERSIONS)('cancels the one prompt, whether it waits or runs, and no other, on version %s', async version => {
  await using fake = await startTestFake({ version, stepMs: 60 })
  const adapter = createTestAdapter(fake)
  const [running, waiting, other] = await Promise.all(
    ['a:0', 'b:0', 'c:0'].map(key => submit(adapter, { ...REQUEST, indices: [0] }, key)),
  ).then(handles => handles.toSorted(byOrder(fake.requests())))
  await waitForState(adapter, running, result => result.kind === 'waiting' && result.queuePosition === undefined)
  expect(await adapter.check(waiting ?? '', neverAborted)).toMatchObject({ kind: 'waiting', queuePosition: 1 })
  expect(await adapter.check(other ?? '', neverAborted)).toMatchObject({ kind: 'waiting', queuePosition: 2 })
  for (const handle of [waiting, running])
    expect(await adapter.cancel(handle ?? '', neverAborted)).toEqual({ kind: 'cancelled', billed: false })
  const stopped = await poll(adapter, running ?? '', 'failed')
  expect(stopped.kind === 'failed' && stopped.error.code).toBe('cancelled_by_provider')
  await poll(adapter, other ?? '', 'finished')
  expect(await fake.made()).toEqual([other ?? ''])
  expect(await adapter.cancel(other ?? '', neverAborted)).toEqual({ kind: 'too-late', billed: false })
})

test('files that are there are outputs although the server has forgotten the prompt; without one it is made anew', async () => {
  await using fake = await startTestFake()
  const adapter = createTestAdapter(fake)
  const handle = await submit(adapter, REQUEST)
  await poll(adapter, handle, 'finished')
  fake.clearHistory()
  const found = await adapter.check(handle, neverAborted, { indices: [4, 5] })
  expect(found.kind === 'finished' && found.outputs.map(({ index }) => index)).toEqual([4, 5])
  // The server ended before the last file was written: what is missing would be lost otherwise.
  await rm(join(fake.directory, 'output', 'darkroom', `${handle}_00002_.png`))
  const partial = await adapter.check(handle, neverAborted, { indices: [4, 5] })
  expect(partial.kind === 'failed' && partial.error.code).toBe('request_forgotten')
  const lost = await adapter.check(crypto.randomUUID(), neverAborted)
  expect(lost.kind === 'failed' && [lost.error.code, lost.error.failure]).toEqual(['request_forgotten', 'retryable'])
})

test('a prompt that fails says which node, in its server’s words', async () => {
  await using fake = await startTestFake()
  fake.setFault('run-fails')
  const adapter = createTestAdapter(fake)
  for (const version of VERSIONS) {
    fake.setVersion(version)
    const other = createTestAdapter(fake)
    const failed = await poll(other, await submit(adapter, REQUEST, version), 'failed')
    expect(failed.kind === 'failed' && failed.error.message).toBe(
      'The node KSampler failed. It says: “CUDA out of memory”',
    )
  }
})

test('a prompt that fails shows neither the key nor what cannot be stored', async () => {
  const id = createPromptId(KEY)
  const error = { exception_message: 'Sent with my-key-7 and no more', exception_type: '', node_type: 'Nul\0 my-key-7' }
  using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) =>
      Response.json(url.endsWith(id) ? { id, status: 'failed', execution_error: error } : { jobs: [] }),
  })
  const result = await createTestAdapter({ url: server.url.origin }, { key: 'my-key-7' }).check(id, neverAborted)
  expect(result.kind === 'failed' && publicError(result.error.code, result.error.message).message).toBe(
    'The node Nul … failed. It says: “Sent with … and no more”',
  )
})

test('tells progress and previews while a prompt runs, and stops when told', async () => {
  await using fake = await startTestFake({ stepMs: 30 })
  const adapter = createTestAdapter(fake)
  const handle = createPromptId(KEY)
  const progress: number[] = []
  const previews: [number, number][] = []
  const watching = adapter.watch?.(
    handle,
    {
      indices: [2, 3],
      onProgress: fraction => progress.push(fraction),
      onPreview: (index, bytes) => previews.push([index, bytes[0] ?? 0]),
    },
    neverAborted,
  )
  await waitFor('the websocket', 60_000, async () => fake.openSockets() === 1)
  await submit(adapter, { ...REQUEST, indices: [2, 3] })
  await watching
  expect(progress.at(-1)).toBe(1)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  // JPEG, of the first output.
  expect(previews).toEqual([
    [2, 0xff],
    [2, 0xff],
    [2, 0xff],
  ])
  const stop = new AbortController()
  const ignored = { indices: [0], onProgress: () => {}, onPreview: () => {} }
  const stopped = adapter.watch?.(crypto.randomUUID(), ignored, stop.signal)
  await waitFor('the websocket', 60_000, async () => fake.openSockets() === 1)
  stop.abort()
  await stopped
  await waitFor('its end', 60_000, async () => fake.openSockets() === 0)
  const cut = adapter.watch?.(crypto.randomUUID(), ignored, neverAborted)
  await waitFor('the websocket', 60_000, async () => fake.openSockets() === 1)
  fake.cutSockets()
  await cut
})

test('input images are uploaded once each, and fill the slots', async () => {
  await using fake = await startTestFake()
  const content = {
    ...TEXT_TO_IMAGE,
    '10': { class_type: 'LoadImage', inputs: { image: 'example.png' } },
    '11': { class_type: 'LoadImage', inputs: { image: 'example.png' } },
    '12': { class_type: 'LoadImageMask', inputs: { image: 'example.png', channel: 'alpha' } },
  }
  const adapter = createTestAdapter(fake, { workflows: [{ name: 'landscape', content }] })
  const [model] = await adapter.models(neverAborted)
  expect(model).toMatchObject({ operations: ['inpaint'], mask: 'alpha-is-edit' })
  expect(model?.inputs.map(({ role, min, max }) => [role, min, max])).toEqual([
    ['reference', 1, 2],
    ['mask', 1, 1],
  ])
  const red = { ...content, '12': { class_type: 'LoadImageMask', inputs: { image: 'example.png', channel: 'red' } } }
  const ofRed = createTestAdapter(fake, { workflows: [{ name: 'landscape', content: red }] })
  expect((await ofRed.models(neverAborted))[0]?.mask).toBe('white-is-edit')
  const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  const input = { mimeType: 'image/png', bytes: new Uint8Array(image), width: 8, height: 8 }
  const references: ProviderRequest['references'] = [
    { ...input, role: 'source' },
    { ...input, role: 'mask' },
  ]
  await poll(adapter, await submit(adapter, { ...REQUEST, references }), 'finished')
  const { prompt } = JSON.parse(fake.requests().find(({ path }) => path === '/prompt')?.body ?? '{}')
  const names = ['10', '11', '12'].map(node => prompt[node].inputs.image)
  expect(new Set(names).size).toBe(1)
  expect(names[0]).toMatch(/^darkroom\/[0-9a-f]{40}\.png$/)
})

test('describes a workflow as a model, and names what a server lacks for another', async () => {
  await using fake = await startTestFake()
  const gone = { ...TEXT_TO_IMAGE, '4': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'gone.ckpt' } } }
  const unknown = { ...TEXT_TO_IMAGE, '8': { class_type: 'FancyDecode', inputs: {} } }
  const workflows = [
    { name: 'landscape', content: TEXT_TO_IMAGE },
    { name: 'gone', content: gone },
    { name: 'fancy', content: unknown },
    { name: 'editor', content: { nodes: [], links: [] } },
    { name: 'text', content: 'nonsense' },
    { name: 'inherited', content: { ...TEXT_TO_IMAGE, '8': { class_type: '__proto__', inputs: { samples: 1 } } } },
  ]
  const adapter = createTestAdapter(fake, { workflows })
  const models = await adapter.models(neverAborted)
  expect(models.map(({ id }) => id)).toEqual(['comfyui/landscape', 'comfyui/Text to image'])
  expect(models[1]).toMatchObject({
    operations: ['generate', 'vary'],
    settings: { ckpt_name: { type: 'string', default: 'sd15.safetensors' }, steps: { default: 20 } },
  })
  expect(models[0]).toMatchObject({
    price: { kind: 'free' },
    resume: 'own-id',
    previews: true,
    seed: { min: 0, max: Number.MAX_SAFE_INTEGER },
    negativePrompt: true,
    outputsPerCall: 4,
    settings: {
      steps: { type: 'integer', minimum: 1, maximum: 10_000, default: 4 },
      sampler_name: { type: 'string', enum: ['euler', 'dpmpp_2m'], default: 'euler' },
      scheduler: { enum: ['normal', 'karras'] },
    },
  })
  const check = await adapter.checkConnection(neverAborted)
  expect(check.ok && check.note).toContain('It works: ComfyUI 0.3.75. 2 workflows can be used.')
  expect(check.ok && check.note).toContain('gone: The server does not have gone.ckpt.')
  expect(check.ok && check.note).toContain('fancy: The server does not have the node FancyDecode.')
  expect(check.ok && check.note).toContain('inherited: The server does not have the node __proto__.')
  expect(check.ok && check.note).toContain('editor: This is the format of ComfyUI’s editor.')
  expect(fake.posts()).toBe(0)
})

test('an address without ComfyUI, and a key that is refused, are told apart', async () => {
  await using other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('<html>Hello</html>') })
  const elsewhere = await createTestAdapter({ url: other.url.origin }).checkConnection(neverAborted)
  expect(elsewhere.ok || elsewhere.error.message).toBe('There is no ComfyUI at this address. It usually ends in :8188.')
  await using fake = await startTestFake({ key: 'right-key-of-it' })
  const refused = await createTestAdapter(fake, { key: 'wrong-key-of-it' }).checkConnection(neverAborted)
  expect(refused.ok || refused.error.code).toBe('key_refused')
})

async function submit(adapter: Adapter, request: ProviderRequest, idempotencyKey = KEY): Promise<string> {
  const { submitting } = adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const { headers, body } = await submitting.submit(request, { idempotencyKey, signal: neverAborted })
  const chunks = await Array.fromAsync(body)
  const answer = {
    headers: async () => headers,
    body: async function* () {
      yield* chunks
    },
  }
  const read = await submitting.readAnswer(answer, { ...request, signal: neverAborted })
  if (read.kind !== 'accepted') throw new Error('expected a handle')
  return read.handle
}

async function recover(adapter: Adapter) {
  const { submitting } = adapter
  return submitting.kind === 'remote' ? await submitting.recover?.(KEY, 1, neverAborted) : undefined
}

async function poll(adapter: Adapter, handle: string, kind: 'finished' | 'failed') {
  const result = await waitForState(adapter, handle, result => result.kind === kind)
  return { ...result, outputs: 'outputs' in result ? result.outputs : [] }
}

async function waitForState(adapter: Adapter, handle: string | undefined, matches: (result: CheckResult) => boolean) {
  return await waitFor('the prompt', 60_000, async () => {
    const result = await adapter.check(handle ?? '', neverAborted, { indices: [0, 1] })
    return matches(result) && result
  })
}

/** Orders handles as they were submitted. */
function byOrder(requests: readonly { path: string; body: string }[]) {
  const ids = requests.filter(({ path }) => path === '/prompt').map(({ body }) => JSON.parse(body).prompt_id as string)
  return (a: string, b: string) => ids.indexOf(a) - ids.indexOf(b)
}
