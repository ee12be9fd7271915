import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { LIMITS } from '@darkroom/contracts/limits'
import { type FakeOpenAi, startFakeOpenAi } from '../../testing/fake-openai/fake-server.ts'
import { renderImage } from '../../testing/fake-provider/image.ts'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { type EventStream, openEventStream, type SseEvent } from '../../testing/sse-reader.ts'
import { addConnection, checkConnection, waitForModels } from '../../testing/studio/connections-client.ts'
import { runCommand } from '../../testing/studio/run-command.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { findInCommandLines, findInFiles, findInRows, includesAny, listSpellings } from './find-secret.ts'

/** Keys of providers go to the provider and nowhere else, whatever it answers. */

const LIMIT_MS = 120_000
const MODEL = 'gpt-image-2'

let disposables: AsyncDisposableStack
let stack: TestStack
/** Of the environment's connection, and of the stored one. */
let fakes: { environment: FakeOpenAi; stored: FakeOpenAi }
let spellings: string[]
let stream: EventStream
const events: SseEvent[] = []

beforeAll(async () => {
  disposables = new AsyncDisposableStack()
  fakes = { environment: disposables.use(await startFakeOpenAi()), stored: disposables.use(await startFakeOpenAi()) }
  spellings = [fakes.environment.key, fakes.stored.key].flatMap(listSpellings)
  const env = { LOG_LEVEL: 'trace', OPENAI_API_KEY: fakes.environment.key, OPENAI_BASE_URL: fakes.environment.url }
  stack = disposables.use(await startTestStack({ env }))
  const port = Number(new URL((await stack.client.fetch('/healthz')).url).port)
  stream = await openEventStream({ port, onEvent: event => events.push(event) })
  disposables.defer(() => stream.close())
})
afterAll(() => disposables.disposeAsync())

test('the key of a connection is sent to its provider, and is found nowhere else', async () => {
  const { client } = stack
  const { url: baseUrl, key } = fakes.stored
  const added = await addConnection(client, { kind: 'openai', name: 'Stored', baseUrl, key })
  await Promise.all(['openai', added.id].map(id => waitForModels(client, id)))
  await Promise.all([runStory('openai', fakes.environment), runStory(added.id, fakes.stored)])
  await startWithFaults()
  expect(await findEverywhere()).toEqual([])
  // The search would find it.
  for (const fake of Object.values(fakes)) expect(includesAny(JSON.stringify(fake.requests()), spellings)).toBe(true)
  expect(events.map(({ name }) => name)).toContain('connection')
  await expectNothingInBackup()
  expect(await checkInvariants(stack)).toEqual([])
})

/** Makes a success with a reference, and every failure whose answer has the key in it or breaks off. */
async function runStory(connection: string, fake: FakeOpenAi): Promise<void> {
  const { client } = stack
  const reference = await client.uploadReference(Uint8Array.from(await renderImage({ width: 64, height: 64 }, 1, 0)))
  const generate = async (fault: string | null) => {
    fake.setFault(fault)
    const parameters = { numOutputs: 1, settings: { quality: 'low' } }
    const draft = { prompt: `${connection} ${fault}`, model: `${connection}/${MODEL}`, parameters }
    const { id } = await client.submit({ ...draft, referenceImages: [reference.id ?? ''] })
    const made = await client.waitForGeneration(id, isFinished)
    expect(await findInFiles(join(stack.folder, 'journal'), spellings)).toEqual([])
    return made.outputs[0]?.error?.code ?? made.error?.code ?? made.status
  }
  expect(await generate(null)).toBe('completed')
  expect(await generate('echo-key')).toBe('setting_refused')
  expect(await generate('cut-mid-body')).toBe('unknown_outcome')
  expect(await generate('wrong-key')).toBe('key_refused')
  expect((await checkConnection(client, connection)).state.kind).toBe('wrong-key')
  fake.setFault('echo-key')
  expect((await checkConnection(client, connection)).state.kind).toBe('failing')
  fake.setFault(null)
  expect((await checkConnection(client, connection)).state.kind).toBe('ok')
}

/** Starts the processor again while the providers refuse it, and waits until its log says so. */
async function startWithFaults(): Promise<void> {
  fakes.environment.setFault('wrong-key')
  fakes.stored.setFault('echo-key')
  await stack.processor.restart()
  const countRefusals = () => stack.logLines.filter(line => line.includes('models_not_listed')).length
  await waitFor('Both refusals in the log', LIMIT_MS, async () => countRefusals() >= 2)
  for (const fake of Object.values(fakes)) fake.setFault(null)
}

async function findEverywhere(): Promise<string[]> {
  return [
    ...(await findInRows(stack.sql, spellings)),
    ...stack.logLines.filter(line => includesAny(line, spellings)).map(line => `the log: ${line}`),
    ...events.filter(({ data }) => includesAny(data, spellings)).map(({ data }) => `an event: ${data}`),
    ...(await findInResponses()),
    ...(await findInFiles(stack.folder, spellings)),
    ...(await findInCommandLines(spellings)),
  ]
}

async function findInResponses(): Promise<string[]> {
  const list = await stack.client.fetch(`/api/generations?limit=${LIMITS.pageRows}&includeParameters=true`)
  const { generations } = (await list.json()) as { generations: { id: string }[] }
  expect(generations).toHaveLength(8)
  const paths = [
    `/api/generations?limit=${LIMITS.pageRows}&includeParameters=true`,
    ...generations.map(({ id }) => `/api/generations/${id}`),
    `/api/download?ids=${generations.map(({ id }) => id).join(',')}`,
    ...['/api/connections', '/api/models', '/api/auth', '/api/parts', '/api/usage?by=day,model,connection'],
    ...['/api/generations/timeline', '/openapi.json', '/readyz', '/api/readyz', '/'],
  ]
  const services = stack.services.flatMap(({ url }) => ['/healthz', '/readyz', '/metrics'].map(path => url + path))
  const found: string[] = []
  for (const path of [...paths, ...services]) {
    const response = await stack.client.fetch(path)
    const content = Buffer.from(await response.arrayBuffer())
    const headers = JSON.stringify([...response.headers])
    if (includesAny(content, spellings) || includesAny(headers, spellings)) found.push(`the response of ${path}`)
  }
  return found
}

async function expectNothingInBackup(): Promise<void> {
  await using folder = await createTestDirectory()
  const env = { DATABASE_URL: stack.database.url, DATA_DIR: stack.folder }
  const { exitCode, stderr, stdout } = await runCommand('backup', [folder.path], env)
  expect(exitCode).toBe(0)
  expect(includesAny(stdout + stderr, spellings)).toBe(false)
  expect(await findInFiles(folder.path, spellings)).toEqual([])
}
