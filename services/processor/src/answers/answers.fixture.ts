import { FAILURES } from '@darkroom/contracts/failures'
import { transaction } from '@darkroom/infra/database/transaction'
import { transition } from '@darkroom/infra/generations/generations'
import type { BytesLine } from '@darkroom/infra/testing/fake-provider/wire'
import sharp from 'sharp'
import { insertQueuedGeneration } from '../queue/queued.fixture.ts'
import type { WorkerEnv } from '../worker-env.fixture.ts'

/** Names a call of the first attempt. */
export function callOf(generationId: string, model: string, call = 0) {
  return { generationId, call, attempt: 1, provider: 'fake', model }
}

/** Inserts a generation whose processor was killed during a call. */
export async function insertOpenCall(env: WorkerEnv, model: string): Promise<string> {
  const id = await insertQueuedGeneration(env.database, { workspaceId: env.workspaceId, model, outputs: 2 })
  await transaction(env.database, async tx => {
    await transition(tx, { id, workspaceId: env.workspaceId, to: 'processing', attempt: 1 })
    await tx`
      update generation_jobs set attempt = 1, lease_owner = 'killed', lease_until = now() - interval '1 second'
      where generation_id = ${id}`
    await tx`
      insert into provider_calls (generation_id, call, first_index, count, submitted_at, host, attempt)
      values (${id}, 0, 0, 2, now(), ${env.journal.id}, 1)`
  })
  return id
}

/** Fails a generation as one whose outcome is unknown. */
export async function failGeneration(env: WorkerEnv, id: string): Promise<void> {
  const error = { code: 'unknown_outcome', message: FAILURES.unknown_outcome.message }
  await transaction(env.database, async tx => {
    await tx`update generation_outputs set state = 'failed', error = ${tx.json(error)} where generation_id = ${id}`
    await transition(tx, { id, workspaceId: env.workspaceId, to: 'failed', attempt: 1, error })
    await tx`update generation_jobs set lease_until = null, lease_owner = null where generation_id = ${id}`
  })
}

/** Writes a whole answer into the journal. */
export async function writeAnswer(
  env: WorkerEnv,
  id: string,
  model: string,
  answer: Uint8Array,
  call = 0,
): Promise<void> {
  const writer = await env.journal.open(callOf(id, model, call))
  await writer.markSent()
  await writer.begin({})
  await writer.append(answer)
  await writer.end()
}

/** Creates the answer of a model that responds with bytes. */
export async function createBytesAnswer(indices: number[], background = 'teal'): Promise<Buffer> {
  const png = await sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .png()
    .toBuffer()
  const images: BytesLine[] = indices.map(index => ({ index, mimeType: 'image/png', base64: png.toString('base64') }))
  return Buffer.from([...images, { done: true }].map(line => `${JSON.stringify(line)}\n`).join(''))
}

/** Submits a prediction as a processor does. @returns the answer's text */
export async function submitDirectly(env: WorkerEnv, { model = 'fake-image', key = '' } = {}): Promise<string> {
  const body = {
    model,
    kind: 'image',
    prompt: 'a prompt',
    width: 64,
    height: 64,
    indices: [0, 1],
    seed: 1,
    settings: {},
    references: [],
  }
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  const response = await fetch(`${env.fake.url}/predictions`, { method: 'POST', headers, body: JSON.stringify(body) })
  return await response.text()
}
