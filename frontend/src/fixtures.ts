import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'

interface Wanted extends Partial<Omit<Generation, 'outputs'>> {
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
export function aGeneration({ outputs = 1, ...wanted }: Wanted = {}): Generation {
  const list = typeof outputs === 'number' ? Array.from({ length: outputs }, () => ({})) : outputs
  const isMade = (wanted.status ?? 'completed') === 'completed'
  return { ...COMPLETED, ...wanted, outputs: list.map((output, index) => ({ ...anOutput(index, isMade), ...output })) }
}

function anOutput(index: number, isMade: boolean): Output {
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
