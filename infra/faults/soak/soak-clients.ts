import type { Generation } from '@darkroom/contracts/generation'
import sharp from 'sharp'
import { sleep } from '../../src/runtime/timers.ts'
import { type Client, type Draft, isOver } from '../../testing/invariants/client.ts'
import { type Random, randomOf } from '../../testing/random.ts'

export interface PeopleOptions {
  client: Client
  seed: string
  count: number
  /** Between two things that one of them does, on average, in milliseconds. */
  pauseMs: number
  /** Aborted when they are to ask for no more. */
  signal: AbortSignal
}

const MODELS = ['fake-image', 'fake-image', 'fake-image', 'fake-bytes', 'demo']
const COLOURS = ['crimson', 'teal', 'olive', 'navy', 'orchid', 'gold', 'sienna', 'plum']
const WATCHED_MS = 180_000
const MOST_OPEN = 3

/** People who ask for pictures, cancel some, and ask again for what went wrong. Resolves when the last has left. */
export async function people(options: PeopleOptions): Promise<void> {
  await Promise.all(
    Array.from({ length: options.count }, (_, at) => person(options, randomOf(`${options.seed}/${at}`))),
  )
}

async function person({ client, pauseMs, signal }: PeopleOptions, random: Random): Promise<void> {
  const watched = new Set<Promise<void>>()
  while (!signal.aborted) {
    // Nobody asks for more while so many are still being made: what is measured is trouble, not load.
    while (watched.size >= MOST_OPEN) await Promise.race(watched)
    const draft = await draftOf(client, random)
    const made = await client.submit(draft)
    const mood = { cancels: random.once(9), insists: random.once(2), patience: random.below(1_500) }
    const attending: Promise<void> = attend(client, made, mood).finally(() => watched.delete(attending))
    watched.add(attending)
    await sleep(random.below(2 * pauseMs), signal)
  }
  await Promise.all(watched)
}

async function draftOf(client: Client, random: Random): Promise<Draft> {
  const references = random.once(6) ? [(await client.sendReference(await picture(random))).id ?? ''] : []
  return {
    prompt: `${random.pick(COLOURS)} ${crypto.randomUUID()}`,
    model: random.pick(MODELS),
    parameters: { numOutputs: random.once(12) ? 6 : 1 + random.below(3), resolution: 512 },
    ...(references.length > 0 ? { referenceImages: references } : {}),
  }
}

async function attend(
  client: Client,
  { id }: Generation,
  mood: { cancels: boolean; insists: boolean; patience: number },
): Promise<void> {
  if (mood.cancels) {
    await Bun.sleep(mood.patience)
    await client.cancel(id)
  }
  // Whoever has waited for so long goes away. Whether it comes to an end is asked of the studio, when it is left in peace.
  const made = await client.until(id, isOver, WATCHED_MS).catch(() => undefined)
  const verb = made && mood.insists ? verbFor(made) : undefined
  if (verb) await client.askAgain(id, verb)
}

function verbFor({ status, outputs, error }: Generation): 'retry' | 'complete' | 'check' | undefined {
  if (status === 'cancelled') return 'retry'
  if (status === 'failed') return error?.code === 'unknown_outcome' ? 'retry' : 'check'
  return outputs.some(({ state }) => state === 'failed') ? 'complete' : undefined
}

/** One of a few hundred, so that the same comes again now and then. */
async function picture(random: Random): Promise<Uint8Array<ArrayBuffer>> {
  const background = random.pick(COLOURS)
  const size = { width: 40 + random.below(12), height: 40 + random.below(4) }
  return new Uint8Array(
    await sharp({ create: { ...size, channels: 3, background } })
      .png()
      .toBuffer(),
  )
}
