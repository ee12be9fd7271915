import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelSpec } from '@darkroom/contracts/model'
import { MOODS } from '../../../demo/worker-protocol.ts'
import { type Adapter, type CallOptions, ProviderError, type ProviderOutput, type ProviderRequest } from '../adapter.ts'
import { type DrawOptions, openWorkerPool, type WorkerPool } from './worker-pool.ts'
import { createXmp } from './xmp-label.ts'

/** The demo provider, which must be closed to end its threads. */
export interface DemoAdapter extends Adapter {
  close(): void
}

const THREADS = 2
const DEFAULT_GRAIN = 0.4
const [DEFAULT_MOOD] = MOODS

const MODEL: ModelSpec = {
  id: 'demo',
  name: 'Demo (no AI model)',
  connection: 'demo',
  kind: 'image',
  note: 'No AI model: a program draws landscapes from a few of your words, the seed and your references.',
  // It draws a new landscape in the colours of its references: it changes no image.
  operations: ['generate', 'vary'],
  sizes: {
    kind: 'grid',
    step: 8,
    minSide: 64,
    maxSide: 4_096,
    minPixels: 4_096,
    maxPixels: 4_300_000,
    maxRatio: 21 / 9,
    auto: false,
  },
  durations: [],
  maxOutputs: LIMITS.outputs,
  outputsPerCall: LIMITS.outputs,
  inputs: [{ role: 'reference', min: 0, max: LIMITS.references, maxBytes: null, types: [], needsPublicUrl: false }],
  mask: 'none',
  promptCharacters: LIMITS.promptCharacters,
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER },
  negativePrompt: false,
  settings: {
    mood: { type: 'string', title: 'Mood', enum: [...MOODS], default: DEFAULT_MOOD },
    grain: { type: 'number', title: 'Film grain', minimum: 0, maximum: 1, multipleOf: 0.01, default: DEFAULT_GRAIN },
  },
  price: { kind: 'free' },
  answers: 'at-once',
  resume: 'no',
  cancel: 'no',
  previews: false,
  progress: true,
  outputSeconds: null,
  retiresAt: null,
  source: 'catalogue',
  estimatedSeconds: 1,
  estimatedSecondsEach: 0.5,
  maxSeconds: 600,
}

/** Creates a provider that draws images without a model, key or network. The same request gives the same bytes. */
export function createDemoAdapter(pool: WorkerPool = openWorkerPool(THREADS)): DemoAdapter {
  return {
    connection: 'demo',
    kind: 'demo',
    checkConnection: async () => ({ ok: true, note: 'It works: it is part of the studio.' }),
    models: async () => [MODEL],
    submitting: { kind: 'local', make: (request, options) => makeOutputs(pool, request, options) },
    check: async () => {
      throw new ProviderError('request_unknown', { message: 'The demo answers at once and keeps no requests.' })
    },
    cancel: async () => ({ kind: 'unsupported', billed: false }),
    close: pool.close,
  }
}

async function makeOutputs(
  pool: WorkerPool,
  request: ProviderRequest,
  options: CallOptions,
): Promise<AsyncIterable<ProviderOutput>> {
  if (request.model !== MODEL.id || request.kind !== MODEL.kind) {
    throw new ProviderError('model_unknown', { message: 'The demo draws still pictures only.' })
  }
  const { resizeReference } = await loadImageFunctions()
  const references = await Promise.all(request.references.map(resizeReference))
  options.signal.throwIfAborted()
  return generateOutputs(pool, request, references, options)
}

/** Yields each output as it is made, in the order of the indices. Leaving the iteration stops the drawing. */
async function* generateOutputs(
  pool: WorkerPool,
  request: ProviderRequest,
  references: Uint8Array[],
  { signal, onProgress }: CallOptions,
): AsyncGenerator<ProviderOutput> {
  const stop = new AbortController()
  const stopped = AbortSignal.any([signal, stop.signal])
  const shares = request.indices.map(() => 0)
  const starts = request.indices.map((index, position) => () => {
    const reportShare = (share: number) => {
      shares[position] = share
      onProgress?.(shares.reduce((sum, one) => sum + one) / shares.length)
    }
    return generateOutput(pool, request, references, index, { signal: stopped, onProgress: reportShare })
  })
  try {
    yield* runInOrder(starts, THREADS)
  } finally {
    stop.abort(new ProviderError('interrupted'))
  }
}

/** Share of an output's time that is spent drawing; the rest is encoding. */
const DRAW_SHARE = 0.85

async function generateOutput(
  pool: WorkerPool,
  request: ProviderRequest,
  references: Uint8Array[],
  index: number,
  { signal, onProgress }: DrawOptions,
): Promise<ProviderOutput> {
  const { prompt, seed, width, height } = request
  const drawRequest = { prompt, seed, index, width, height, references, ...readSettings(request) }
  const pixels = await pool.draw(drawRequest, { signal, onProgress: share => onProgress(share * DRAW_SHARE) })
  const { encodePng } = await loadImageFunctions()
  const bytes = await encodePng(pixels, width, height, createXmp(drawRequest))
  signal.throwIfAborted()
  onProgress(1)
  return { index, kind: 'bytes', bytes, mimeType: 'image/png' }
}

function readSettings({ settings }: ProviderRequest): { grain: number; mood: string } {
  const { grain, mood } = settings
  return {
    grain: typeof grain === 'number' ? grain : DEFAULT_GRAIN,
    mood: typeof mood === 'string' ? mood : DEFAULT_MOOD,
  }
}

/** Loads the image library at the first drawing: a studio that never draws has no use for its 12 MB. */
function loadImageFunctions() {
  return import('./demo-images.ts')
}

/** Yields results in order, with at most `concurrency` started ahead of the one that is consumed. */
async function* runInOrder<T>(starts: readonly (() => Promise<T>)[], concurrency: number): AsyncGenerator<T> {
  const started: Promise<T>[] = []
  for (const start of starts) {
    const result = start()
    // Prevents an unhandled-rejection crash; the consumer of the result gets the failure.
    result.catch(() => {})
    started.push(result)
    if (started.length === concurrency) yield* started.splice(0, 1)
  }
  yield* started
}
