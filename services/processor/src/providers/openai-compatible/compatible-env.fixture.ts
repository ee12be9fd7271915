import type { Dialect } from '@darkroom/contracts/connection'
import {
  type FakeOpenAiCompatible,
  startFakeOpenAiCompatible,
} from '@darkroom/infra/testing/fake-openai-compatible/fake-server'
import { FLAVOURS, type Flavour } from '@darkroom/infra/testing/fake-openai-compatible/flavours'
import sharp from 'sharp'
import { DEADLINES, type Deadlines, type MadeCall, makeCall, neverAborted } from '../../../testing/make-call.ts'
import type { Adapter, ProviderReference, ProviderRequest } from '../adapter.ts'
import { createOpenAiCompatibleAdapter } from './openai-compatible-adapter.ts'

/** A fake server and an adapter that is connected to it. */
export interface CompatibleEnv extends AsyncDisposable {
  fake: FakeOpenAiCompatible
  adapter: Adapter
  /** Generates with the first model, which it lists once. */
  generate(change?: Partial<ProviderRequest>): Promise<MadeCall>
}

export interface EnvOptions {
  flavour: Flavour
  key?: string
  dialect?: Dialect
  /** Key that the adapter sends; that of the server unless given. */
  sentKey?: string | null
  deadlines?: Deadlines
}

/** Starts a fake server of one flavour, and connects an adapter to it. */
export async function startCompatibleEnv(options: EnvOptions): Promise<CompatibleEnv> {
  const { flavour, key, dialect = null } = options
  const fake = await startFakeOpenAiCompatible({ flavour, ...(key !== undefined && { key }) })
  const ownKey = key !== undefined || FLAVOURS[flavour].needsKey ? fake.key : null
  const adapter = createOpenAiCompatibleAdapter({
    connection: 'attic',
    baseUrl: fake.url,
    key: options.sentKey === undefined ? ownKey : options.sentKey,
    dialect,
    foundDialect: null,
    ...(options.deadlines ?? DEADLINES),
  })
  let model: string | undefined
  return {
    fake,
    adapter,
    generate: async change => {
      model ??= (await adapter.models(neverAborted))[0]?.id ?? ''
      return await makeCall(adapter, createRequest({ model, ...change }))
    },
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

/** Creates a request for one image. */
export function createRequest(change: Partial<ProviderRequest>): ProviderRequest {
  return {
    model: 'attic/a',
    kind: 'image',
    operation: 'generate',
    prompt: 'a lighthouse',
    width: 96,
    height: 64,
    aspectRatio: '3:2',
    resolution: '96x64',
    indices: [4],
    seed: 11,
    settings: {},
    references: [],
    ...change,
  }
}

/** Creates an input image of one colour. */
export async function createReference(role: ProviderReference['role'] = 'reference'): Promise<ProviderReference> {
  const size = { width: 16, height: 16 }
  const bytes = await sharp({ create: { ...size, channels: 4, background: '#a52f' } })
    .png()
    .toBuffer()
  return { role, mimeType: 'image/png', bytes, ...size }
}
