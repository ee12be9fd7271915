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
  /** Average pause between two actions of a client, in ms. */
  pauseMs: number
  /** Aborted to stop new submissions. */
  signal: AbortSignal
}

const MODELS = ['fake-image', 'fake-image', 'fake-image', 'fake-bytes', 'demo']
const COLORS = ['crimson', 'teal', 'olive', 'navy', 'orchid', 'gold', 'sienna', 'plum']
const FOLLOW_TIMEOUT_MS = 180_000
const MAX_OPEN = 3

/** Runs clients that submit generations, cancel some and retry those that failed. Resolves when the last client has stopped. */
export async function runClients(options: SoakClientsOptions): Promise<void> {
  await Promise.all(
    Array.from({ length: options.count }, (_, at) => runClient(options, createRandom(`${options.seed}/${at}`))),
  )
}

async function runClient({ client, pauseMs, signal }: SoakClientsOptions, random: Random): Promise<void> {
  const open = new Set<Promise<void>>()
  while (!signal.aborted) {
    // Bounds the generations in progress: the soak test is about faults, not load.
    while (open.size >= MAX_OPEN) await Promise.race(open)
    const draft = await createDraft(client, random)
    const generation = await client.submit(draft)
    const behavior = { cancels: random.oneIn(9), reruns: random.oneIn(2), cancelAfterMs: random.nextInt(1_500) }
    const following: Promise<void> = followGeneration(client, generation, behavior).finally(() =>
      open.delete(following),
    )
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
  // A client stops waiting after a while. Whether the generation ends is checked at the end, without faults.
  const ended = await client.waitForGeneration(id, isFinished, FOLLOW_TIMEOUT_MS).catch(() => undefined)
  const verb = ended && behavior.reruns ? chooseRerun(ended) : undefined
  if (verb) await client.rerun(id, verb)
}

function chooseRerun({ status, outputs, error }: Generation): 'retry' | 'complete' | 'check' | undefined {
  if (status === 'cancelled') return 'retry'
  if (status === 'failed') return error?.code === 'unknown_outcome' ? 'retry' : 'check'
  return outputs.some(({ state }) => state === 'failed') ? 'complete' : undefined
}

/** Creates one of a few hundred images, so that some are uploaded again. */
async function createImage(random: Random): Promise<Uint8Array<ArrayBuffer>> {
  const background = random.pick(COLORS)
  const size = { width: 40 + random.nextInt(12), height: 40 + random.nextInt(4) }
  return new Uint8Array(
    await sharp({ create: { ...size, channels: 3, background } })
      .png()
      .toBuffer(),
  )
}
