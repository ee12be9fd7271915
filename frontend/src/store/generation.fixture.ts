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

/** Builds a generation: completed, with so many stored square outputs, unless overridden. */
export function buildGeneration({ outputs = 1, ...overrides }: GenerationOverrides = {}): Generation {
  const list = typeof outputs === 'number' ? Array.from({ length: outputs }, () => ({})) : outputs
  const isMade = (overrides.status ?? 'completed') === 'completed'
  return {
    ...COMPLETED,
    ...overrides,
    outputs: list.map((output, index) => ({ ...buildOutput(index, isMade), ...output })),
  }
}

/** Builds a generation whose number is its position in time. */
export function buildNumbered(number: number, fields: Partial<Generation> = {}): Generation {
  const id = `01930000-0000-7000-8000-${String(number).padStart(12, '0')}`
  const clientId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  const createdAt = new Date(1_700_000_000_000 + number * 1_000).toISOString()
  return buildGeneration({ ...fields, id, clientId, createdAt, outputs: 1 })
}

/** Returns the numbers of a window's rows. */
export function listNumbers(window: GenerationWindow): number[] {
  return window.rows.map(row => Number(row.key.slice(-6)))
}

/** Builds a window on numbered generations, which are all there are unless its ends are given. */
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

/** Creates an outbox in memory. */
export function createMemoryOutbox(): OutboxStore {
  const entries = new Map<string, OutboxEntry>()
  return {
    put: async entry => void entries.set(entry.generation.clientId, entry),
    remove: async clientId => void entries.delete(clientId),
    isPending: async clientId => entries.has(clientId),
    list: async () => [...entries.values()],
  }
}
