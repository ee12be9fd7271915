import type { OutputFault } from './behavior.ts'
import type { Begun, World } from './state.ts'
import { BYTES_MODEL, type PredictionStatus, type Submission } from './wire.ts'

/** Begins the work, or finds it begun where the key is known and keys are recognised. */
export function begin(world: World, asked: Submission, idempotencyKey: string | null): Begun {
  const known = [...world.begun.values()].find(other => other.idempotencyKey === idempotencyKey)
  if (known && idempotencyKey !== null && world.behaviour.recognisesKeys) return known
  // An id of its own for each, so that a server that was restarted never answers for what another began.
  const begun = {
    id: crypto.randomUUID(),
    asked,
    idempotencyKey,
    startedAt: performance.now(),
    delayMs: world.behaviour.delayMs,
    cancelled: false,
  }
  world.begun.set(begun.id, begun)
  return begun
}

/** How a prediction stands now, as the wire says it. Its status is noted in the journal. */
export function describe(world: World, begun: Begun) {
  const { behaviour } = world
  const status = statusOf(world, begun)
  world.journal.predictions[begun.id] = status
  return {
    id: begun.id,
    status,
    indices: begun.asked.indices,
    progress: status === 'starting' ? 0 : madeOf(world, begun) / begun.asked.indices.length,
    queuePosition: status === 'starting' ? behaviour.queuePosition : null,
    lookAgainSeconds: behaviour.lookAgainSeconds,
    output: outputOf(world, begun, status),
    error: status === 'failed' ? behaviour.failure : null,
  }
}

export function statusOf(world: World, begun: Begun): PredictionStatus {
  if (begun.cancelled) return 'canceled'
  if (world.behaviour.queuePosition !== null) return 'starting'
  if (madeOf(world, begun) < begun.asked.indices.length) return 'processing'
  return world.behaviour.failure ? 'failed' : 'succeeded'
}

/** The indices that a wrong list of outputs still names. */
export function listedIndices(world: World, begun: Begun): number[] {
  const listed = spoil(
    world,
    begun.asked.indices.map(index => ({ index, url: '' })),
  )
  const named = Array.isArray(listed) ? listed.map(({ index }) => index) : []
  return begun.asked.indices.filter(index => named.includes(index))
}

function madeOf({ behaviour }: World, begun: Begun): number {
  const count = begun.asked.indices.length
  const done = begun.delayMs === 0 ? 1 : (performance.now() - begun.startedAt) / begun.delayMs
  return Math.min(count, Math.floor(done * count), behaviour.readyOutputs ?? count)
}

const ENDED_WITH_OUTPUT: readonly PredictionStatus[] = ['succeeded', 'canceled']

function outputOf(world: World, begun: Begun, status: PredictionStatus): unknown {
  if (begun.asked.model === BYTES_MODEL || status === 'starting' || status === 'failed') return null
  if (!world.behaviour.oneAtATime && !ENDED_WITH_OUTPUT.includes(status)) return null
  const made = begun.asked.indices.slice(0, madeOf(world, begun))
  return spoil(
    world,
    made.map(index => ({ index, url: `${world.url}/files/${begun.id}/${index}.png` })),
  )
}

interface Listed {
  index: number
  url: string
}

function spoil({ behaviour }: World, outputs: Listed[]): unknown {
  const { expiresInSeconds: seconds, output: fault } = behaviour
  const expiresAt = seconds === null ? null : new Date(Date.now() + seconds * 1_000).toISOString()
  const listed = outputs.map(output => ({ ...output, expiresAt }))
  return fault === null ? listed : SPOILT[fault](listed)
}

const HOSTILE = [
  'file:///etc/hostname',
  'javascript:alert(1)',
  'data:image/png;base64,AAAA',
  'http://user:password@example.com/1.png',
  '//example.com/1.png',
  'http://169.254.169.254/latest/meta-data/',
]

const SPOILT: Record<OutputFault, (outputs: Listed[]) => unknown> = {
  missing: () => undefined,
  null: () => null,
  'not-a-list': () => 'https://example.com/1.png',
  empty: () => [],
  fewer: outputs => outputs.slice(0, -1),
  more: outputs => [...outputs, ...Array.from({ length: 10_000 }, (_, n) => ({ ...outputs[0], index: n }))],
  twice: outputs => outputs.map(({ index }) => ({ ...outputs[0], index })),
  hostile: outputs => outputs.map((output, n) => ({ ...output, url: HOSTILE[n % HOSTILE.length] })),
}
