import type { Generation } from '@darkroom/contracts/generation'
import sharp from 'sharp'
import { sleep } from '../../src/runtime/timers.ts'
import type { Client } from '../../testing/invariants/client.ts'
import type { Draft } from '../../testing/invariants/client-log.ts'
import { createRandom, type Random } from '../../testing/random.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'

export interface SoakClientsOptions {
  client: Client
  seed: string
  count: number
  /** Between two things that one of them does, on average, in milliseconds. */
  pauseMs: number
  /** Aborted when they are to ask for no more. */
  signal: AbortSignal
}

const MODELS = ['fake-image', 'fake-image', 'fake-image', 'fake-bytes', 'demo']
const COLORS = ['crimson', 'teal', 'olive', 'navy', 'orchid', 'gold', 'sienna', 'plum']
const FOLLOW_TIMEOUT_MS = 180_000
const MAX_OPEN = 3

/** People who ask for pictures, cancel some, and ask again for what went wrong. Resolves when the last has left. */
export async function runClients(options: SoakClientsOptions): Promise<void> {
  await Promise.all(
    Array.from({ length: options.count }, (_, at) => runClient(options, createRandom(`${options.seed}/${at}`))),
  )
}

async function runClient({ client, pauseMs, signal }: SoakClientsOptions, random: Random): Promise<void> {
  const open = new Set<Promise<void>>()
  while (!signal.aborted) {
    // Nobody asks for more while so many are still being made: what is measured is trouble, not load.
    while (open.size >= MAX_OPEN) await Promise.race(open)
    const draft = await createDraft(client, random)
    const made = await client.submit(draft)
    const behavior = { cancels: random.oneIn(9), reruns: random.oneIn(2), cancelAfterMs: random.nextInt(1_500) }
    const following: Promise<void> = followGeneration(client, made, behavior).finally(() => open.delete(following))
    open.add(following)
    await sleep(random.nextInt(2 * pauseMs), signal)
  }
  await Promise.all(open)
}

async function createDraft(client: Client, random: Random): Promise<Draft> {
  const references = random.oneIn(6) ? [(await client.uploadReference(await createImage(random))).id ?? ''] : []
  return {
    prompt: `${random.pick(COLORS)} ${crypto.randomUUID()}`,
    model: random.pick(MODELS),
    parameters: { numOutputs: random.oneIn(12) ? 6 : 1 + random.nextInt(3), resolution: 512 },
    ...(references.length > 0 ? { referenceImages: references } : {}),
  }
}

async function followGeneration(
  client: Client,
  { id }: Generation,
  behavior: { cancels: boolean; reruns: boolean; cancelAfterMs: number },
): Promise<void> {
  if (behavior.cancels) {
    await Bun.sleep(behavior.cancelAfterMs)
    await client.cancel(id)
  }
  // Whoever has waited for so long goes away. Whether it comes to an end is asked of the studio, when it is left in peace.
  const made = await client.waitForGeneration(id, isFinished, FOLLOW_TIMEOUT_MS).catch(() => undefined)
  const verb = made && behavior.reruns ? chooseRerun(made) : undefined
  if (verb) await client.rerun(id, verb)
}

function chooseRerun({ status, outputs, error }: Generation): 'retry' | 'complete' | 'check' | undefined {
  if (status === 'cancelled') return 'retry'
  if (status === 'failed') return error?.code === 'unknown_outcome' ? 'retry' : 'check'
  return outputs.some(({ state }) => state === 'failed') ? 'complete' : undefined
}

/** One of a few hundred, so that the same comes again now and then. */
async function createImage(random: Random): Promise<Uint8Array<ArrayBuffer>> {
  const background = random.pick(COLORS)
  const size = { width: 40 + random.nextInt(12), height: 40 + random.nextInt(4) }
  return new Uint8Array(
    await sharp({ create: { ...size, channels: 3, background } })
      .png()
      .toBuffer(),
  )
}
