import { deepStrictEqual, ok } from 'node:assert/strict'
import type { Generation } from '@darkroom/contracts/generation'
import { renderImage } from '../../testing/fake-provider/image.ts'
import { checkConnection, waitForConnection } from '../../testing/studio/connections-client.ts'
import { waitFor } from '../../testing/wait-for.ts'
import type { KitCase } from './kit-case.ts'
import type { KitStudio } from './kit-studio.ts'

const ANSWER_MS = 1_500
const POLL_MS = 60_000
/** Polls that no case waits for. */
const ENDLESS = 1_000

/** The story of a user with a connection, without a fault of the studio. */
export const STORY: readonly KitCase[] = [
  { name: 'two outputs', run: makeTwoOutputs },
  { name: 'references', run: makeWithReferences },
  { name: 'cancel', run: cancelCall },
  { name: 'content refused', run: refuseContent },
  { name: 'no credit', run: repairCredit },
]

async function makeTwoOutputs(studio: KitStudio): Promise<string> {
  const before = studio.fake.posts()
  const made = await studio.waitForEnd((await studio.submit('two', { outputs: 2 })).id)
  deepStrictEqual(describe(made), ['completed', null, 'stored', 'stored'])
  const calls = Math.ceil(2 / (studio.subject.outputsPerCall ?? 1))
  deepStrictEqual(await studio.waitForCosts(made.id), Array(calls).fill('finished'))
  return countPosts(studio, before, calls)
}

async function makeWithReferences(studio: KitStudio): Promise<string> {
  const { fake, stack, subject } = studio
  const before = fake.posts()
  const uploads = [1, 2].slice(0, subject.references).map(async seed => {
    const bytes = await renderImage({ width: 96, height: 64 }, seed, 0)
    return (await stack.client.uploadReference(Uint8Array.from(bytes))).id ?? ''
  })
  const references = await Promise.all(uploads)
  const made = await studio.waitForEnd(
    (await studio.submit('with references', { references, ...withModel(subject.referenceModel) })).id,
  )
  deepStrictEqual(describe(made), ['completed', null, 'stored'])
  const sent = fake.requests().findLast(({ method, body }) => method === 'POST' && body.includes('with references'))
  ok(sent?.body.includes(subject.referenceMark), 'the submission has no reference images')
  return countPosts(studio, before, 1)
}

function withModel(model: string | undefined): { model?: string } {
  return model === undefined ? {} : { model }
}

async function cancelCall(studio: KitStudio): Promise<string> {
  const { fake, proxy, stack, subject } = studio
  const before = fake.posts()
  if (subject.isPolled) fake.setPolls?.(ENDLESS)
  else proxy.setFault({ kind: 'latency', milliseconds: ANSWER_MS })
  const { id } = await studio.submit('cancelled')
  await studio.waitForPosts(before + 1)
  if (subject.isPolled) await waitForRequest(studio, 'GET', subject.paths?.poll ?? '/responses/')
  deepStrictEqual((await stack.client.cancel(id))?.cancelled, true)
  const made = await studio.waitForEnd(id)
  deepStrictEqual(made.status, 'cancelled')
  const { cancel = '/cancel', cancelMethod = 'POST' } = subject.paths ?? {}
  if (subject.isPolled) await waitForRequest(studio, cancelMethod, cancel)
  const costs = await studio.waitForCosts(id)
  return `${countPosts(studio, before, 1)}, cost ${costs.join()}`
}

async function refuseContent(studio: KitStudio): Promise<string> {
  const before = studio.fake.posts()
  studio.fake.setFault('content-refused')
  const made = await studio.waitForEnd((await studio.submit('refused')).id)
  deepStrictEqual(describe(made).slice(0, 2), ['failed', studio.subject.refusal ?? 'content_refused'])
  await studio.waitForCosts(made.id)
  return countPosts(studio, before, 1)
}

async function repairCredit(studio: KitStudio): Promise<string> {
  const { fake, stack, subject } = studio
  const before = fake.posts()
  fake.setFault('no-credit')
  const refused = await studio.waitForEnd((await studio.submit('without credit')).id)
  deepStrictEqual(describe(refused).slice(0, 2), ['failed', 'payment_required'])
  await waitForConnection(stack.client, subject.connection, ({ state }) => state.kind === 'no-credit')
  const { id } = await studio.submit('waiting for credit')
  await stack.client.waitForGeneration(id, ({ waiting }) => waiting?.reason === 'no-credit')
  deepStrictEqual(fake.posts() - before, 1)
  fake.setFault(null)
  const { state } = await checkConnection(stack.client, subject.connection)
  deepStrictEqual(state.kind, 'ok')
  deepStrictEqual(describe(await studio.waitForEnd(id)), ['completed', null, 'stored'])
  return countPosts(studio, before, 2)
}

/** Returns the state of a generation, the code of its error, and the states of its outputs. */
export function describe({ status, error, outputs }: Generation): (string | null)[] {
  return [status, error?.code ?? null, ...outputs.map(({ state }) => state)]
}

function countPosts({ fake }: KitStudio, before: number, expected: number): string {
  deepStrictEqual(fake.posts() - before, expected)
  return `${expected} POST`
}

async function waitForRequest({ fake }: KitStudio, method: string, path: string): Promise<void> {
  const isSent = async () => fake.requests().some(request => request.method === method && request.path.includes(path))
  await waitFor(`${method} …${path}`, POLL_MS, isSent)
}
