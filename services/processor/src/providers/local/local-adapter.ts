import { resolveSize } from '@darkroom/contracts/size'
import {
  type Adapter,
  type CallOptions,
  type ConnectionCheck,
  ProviderError,
  type ProviderOutput,
  type ProviderRequest,
} from '../adapter.ts'
import { createLocalModels, findScale } from './local-models.ts'
import type { Upscaler } from './upscaler.ts'

export interface LocalAdapterOptions {
  connection: string
  /** Stays open when the adapter is replaced. */
  upscaler: Pick<Upscaler, 'prepare' | 'upscale' | 'isBusy'>
}

const STILL_INSTALLING = 'The packages are still being downloaded. Check again in a minute.'

/** Creates the adapter of this machine, which enlarges images by a small network. */
export function createLocalAdapter({ connection, upscaler }: LocalAdapterOptions): Adapter {
  return {
    connection,
    kind: 'local',
    submitting: {
      kind: 'local',
      make: async (request, options) => upscale({ connection, upscaler }, request, options),
    },
    checkConnection: signal => checkUpscaler(upscaler, signal),
    models: async signal => {
      await upscaler.prepare(signal)
      return createLocalModels(connection)
    },
    check: async () => {
      throw new ProviderError('request_unknown', { message: 'This machine answers at once and keeps no requests.' })
    },
    cancel: async () => ({ kind: 'unsupported', billed: false }),
  }
}

async function* upscale(
  { connection, upscaler }: LocalAdapterOptions,
  request: ProviderRequest,
  { signal, onProgress }: CallOptions,
): AsyncGenerator<ProviderOutput> {
  const { scale, source } = findSource(connection, request)
  for (const index of request.indices) {
    const bytes = await upscaler.upscale({ bytes: source.bytes, scale, onProgress }, signal)
    yield { index, kind: 'bytes', bytes, mimeType: 'image/png' }
  }
}

/** Returns the image of a request and its scale. @throws ProviderError `model_unknown`; `reference_refused` */
function findSource(connection: string, { model, references }: ProviderRequest) {
  const scale = findScale(connection, model)
  const spec = createLocalModels(connection).find(({ id }) => id === model)
  if (scale === undefined || !spec) throw new ProviderError('model_unknown')
  const [source, ...others] = references
  if (!source || others.length > 0)
    throw new ProviderError('reference_refused', { message: 'It takes one picture, which it enlarges.' })
  if (!resolveSize(spec.sizes, { aspectRatio: '1:1', resolution: 'auto' }, source))
    throw new ProviderError('reference_refused', { message: 'The picture is too large to be enlarged this much.' })
  return { scale, source }
}

/** Checks the upscaler by enlarging a picture of a few pixels. */
async function checkUpscaler(upscaler: LocalAdapterOptions['upscaler'], signal: AbortSignal): Promise<ConnectionCheck> {
  try {
    await upscaler.prepare(signal)
    // A picture that is being enlarged proves as much, and would have to be waited for.
    if (!upscaler.isBusy()) await upscaler.upscale({ bytes: PROBE, scale: 2 }, signal)
    return { ok: true, note: 'It works: 2 models, free.' }
  } catch (error) {
    if (signal.aborted) return { ok: false, error: new ProviderError('provider_busy', { message: STILL_INSTALLING }) }
    if (error instanceof ProviderError) return { ok: false, error }
    throw error
  }
}

/** A PNG of eight by eight black pixels. */
const PROBE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQImWNgGB4AAADIAAH4XVuUAAAAAElFTkSuQmCC',
  'base64',
)
