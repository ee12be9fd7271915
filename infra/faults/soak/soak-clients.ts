import type { Generation } from '@darkroom/contracts/generation'
import sharp from 'sharp'
import { sleep } from '../../src/runtime/timers.ts'
import type { Client } from '../../testing/invariants/client.ts'
import type { Draft } from '../../testing/invariants/client-log.ts'
import { createRandom, type Random } from '../../testing/random.ts'
import { isFinished, pollGeneration } from '../../testing/studio/studio-client.ts'

export interface SoakClientsOptions {
  client: Client
  seed: string
  count: number
  /** Average pause between two submissions of a client, in ms. */
  pauseMs: number
  /** Aborted to stop new submissions. */
  signal: AbortSignal
}

/** Jobs as often as bytes at once. */
const MODELS = [...Array(9).fill('fake-image'), ...Array(9).fill('fake-bytes'), 'demo'] as string[]
const COLORS = ['crimson', 'teal', 'olive', 'navy', 'orchid', 'gold', 'sienna', 'plum']
const FOLLOW_TIMEOUT_MS = 180_000
const POLL_INTERVAL_MS = 700
const MAX_OPEN = 6

/** Runs clients that submit generations, and cancel, retry, complete, check, delete and restore some, or their first output. Resolves when the last has stopped. */
export async function runClients(options: SoakClientsOptions): Promise<void> {
  await Promise.all(
    Array.from({ length: options.count }, (_, at) => runClient(options, createRandom(`${options.seed}/${at}`))),
  )
}

async function runClient({ client, pauseMs, signal }: SoakClientsOptions, random: Random): Promise<void> {
  const open = new Set<Promise<void>>()
  await sleep(random.nextInt(pauseMs), signal)
  while (!signal.aborted) {
    // Bounds the generations in progress: the soak test is about faults, not load.
    while (open.size >= MAX_OPEN) await Promise.race(open)
    const draft = await createDraft(client, random)
    const generation = await client.submit(draft)
    const following: Promise<void> = followGeneration(client, generation, random).finally(() => open.delete(following))
    open.add(following)
    await sleep(random.nextInt(2 * pauseMs), signal)
  }
  await Promise.all(open)
}

async function createDraft(client: Client, random: Random): Promise<Draft> {
  const references = random.oneIn(8) ? [(await client.uploadReference(await createImage(random))).id ?? ''] : []
  return {
    prompt: `${random.pick(COLORS)} ${crypto.randomUUID()}`,
    model: random.pick(MODELS),
    parameters: { numOutputs: random.oneIn(16) ? 6 : 1 + random.nextInt(2), resolution: 512 },
    ...(references.length > 0 ? { referenceImages: references } : {}),
  }
}

const ACTIONS = [
  'cancel',
  'retry',
  'complete',
  'check',
  'delete',
  'restore',
  'delete-output',
  'restore-output',
] as const
type Action = (typeof ACTIONS)[number]

/** Follows a generation to its end. Some are cancelled or have several actions at once meanwhile, and some afterwards. */
async function followGeneration(client: Client, { id }: Generation, random: Random): Promise<void> {
  if (random.oneIn(10)) await actAfter(client, id, ['cancel'], random.nextInt(1_500))
  else if (random.oneIn(8)) await actAfter(client, id, pickActions(random), random.nextInt(4_000))
  const ended = await waitForEnd(client, id)
  if (random.oneIn(12)) await actAfter(client, id, pickActions(random), 0)
  const rerun = ended && random.oneIn(2) ? chooseRerun(ended) : undefined
  if (rerun === undefined) return
  // Sent twice at once: it must happen once.
  await actAfter(client, id, random.oneIn(4) ? [rerun, rerun] : [rerun], 0)
  await waitForEnd(client, id)
}

/** Waits for the end for a while. Whether the generation ends is checked at the end of the run, without faults. */
async function waitForEnd(client: Client, id: string): Promise<Generation | undefined> {
  return await pollGeneration(id, {
    get: id => client.getGeneration(id).catch(() => undefined),
    matches: isFinished,
    milliseconds: FOLLOW_TIMEOUT_MS,
    intervalMs: POLL_INTERVAL_MS,
  }).catch(() => undefined)
}

function pickActions(random: Random): Action[] {
  return Array.from({ length: 2 + random.nextInt(3) }, () => random.pick(ACTIONS))
}

async function actAfter(client: Client, id: string, actions: readonly Action[], milliseconds: number): Promise<void> {
  await Bun.sleep(milliseconds)
  await Promise.all(actions.map(action => act(client, id, action)))
}

async function act(client: Client, id: string, action: Action): Promise<void> {
  if (action === 'cancel') await client.cancel(id)
  else if (action === 'delete' || action === 'restore') await client.setTrashed(id, action === 'delete')
  else if (action === 'delete-output' || action === 'restore-output')
    await client.setFirstDeleted(id, action === 'delete-output')
  else await client.rerun(id, action)
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
