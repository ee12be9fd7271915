import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import { type Edge, EMPTY_WINDOW, type GenerationWindow } from './generation-window.ts'
import type { OutboxEntry, OutboxStore } from './outbox-store.ts'
import { addOlder } from './window-pages.ts'

interface GenerationOverrides extends Partial<Omit<Generation, 'outputs'>> {
  outputs?: number | Partial<Output>[]
}

const COMPLETED: Generation = {
  id: '01930000-0000-7000-8000-000000000001',
  clientId: '00000000-0000-4000-8000-000000000001',
  version: 1,
  status: 'completed',
  prompt: 'a paper boat on a black lake',
  model: 'demo',
  kind: 'image',
  parameters: { aspectRatio: '1:1', resolution: 1024, numOutputs: 1 },
  outputs: [],
  references: [],
  error: null,
  waiting: null,
  parent: null,
  cost: null,
  favourite: false,
  attempt: 1,
  progress: null,
  estimatedSeconds: 2,
  createdAt: '2026-11-22T12:00:00.000000Z',
  startedAt: '2026-11-22T12:00:00.100000Z',
  completedAt: '2026-11-22T12:00:02.000000Z',
  deletedAt: null,
}

/** A generation for tests: completed with as many stored squares as are wanted, unless something else is said. */
export function buildGeneration({ outputs = 1, ...wanted }: GenerationOverrides = {}): Generation {
  const list = typeof outputs === 'number' ? Array.from({ length: outputs }, () => ({})) : outputs
  const isMade = (wanted.status ?? 'completed') === 'completed'
  return {
    ...COMPLETED,
    ...wanted,
    outputs: list.map((output, index) => ({ ...buildOutput(index, isMade), ...output })),
  }
}

/** A generation whose number is its place in time. */
export function buildNumbered(number: number, fields: Partial<Generation> = {}): Generation {
  const id = `01930000-0000-7000-8000-${String(number).padStart(12, '0')}`
  const clientId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  const createdAt = new Date(1_700_000_000_000 + number * 1_000).toISOString()
  return buildGeneration({ ...fields, id, clientId, createdAt, outputs: 1 })
}

/** The numbers of what a window holds. */
export function listNumbers(known: GenerationWindow): number[] {
  return known.rows.map(row => Number(row.key.slice(-6)))
}

/** A window on numbered generations, which are all there are unless something else is said of its ends. */
export function buildWindow(numbers: readonly number[], ends: { older?: Edge; newer?: Edge } = {}): GenerationWindow {
  const page = { generations: numbers.map(number => buildNumbered(number)), nextCursor: null, previousCursor: null }
  const window = addOlder(EMPTY_WINDOW, page)
  return { ...window, ...ends, newestKey: window.rows.at(-1)?.sortKey ?? '' }
}

function buildOutput(index: number, isMade: boolean): Output {
  return {
    index,
    kind: 'image',
    state: isMade ? 'stored' : 'pending',
    url: isMade ? `/media/w/1/gen/1/1/${index}.png` : null,
    previewUrl: isMade ? `/media/w/1/gen/1/1/${index}.w960.webp` : null,
    placeholder: null,
    width: 1024,
    height: 1024,
    bytes: null,
    mimeType: null,
    duration: null,
    favourite: false,
    expiresAt: null,
    error: null,
  }
}

/** Orders that are kept as a browser keeps them, as long as the test lasts. */
export function createMemoryOutbox(): OutboxStore {
  const entries = new Map<string, OutboxEntry>()
  return {
    put: async entry => void entries.set(entry.generation.clientId, entry),
    remove: async clientId => void entries.delete(clientId),
    isPending: async clientId => entries.has(clientId),
    list: async () => [...entries.values()],
  }
}
