import { startFakeBfl } from '../fake-bfl/fake-server.ts'
import { startFakeFal } from '../fake-fal/fake-server.ts'
import { startFakeOpenAi } from '../fake-openai/fake-server.ts'
import { startFakeOpenAiCompatible } from '../fake-openai-compatible/fake-server.ts'
import type { ProviderWork } from '../provider-fakes/provider-work.ts'
import type { WireFake } from '../provider-fakes/wire-fake.ts'
import { waitForModels } from '../studio/connections-client.ts'

/** A kind of provider of a studio: its connection, and a model of it. */
export interface KindOfProvider {
  connection: string
  model: string
  settings: Record<string, string>
  fake: WireFake
}

/** Four kinds of provider at once: two that work, one that takes calls and never answers, and one without credit. */
export interface FourKinds extends AsyncDisposable {
  /** Settings that let a studio use them. */
  env: Record<string, string>
  healthy: readonly (KindOfProvider & { work: ProviderWork })[]
  hung: KindOfProvider
  unpaid: KindOfProvider
  /** Ends the faults of the two that do not work. */
  repair(): void
}

/** Starts the fakes of four kinds of provider, in this process. */
export async function startFourKinds(): Promise<FourKinds> {
  await using stack = new AsyncDisposableStack()
  const openAi = stack.use(await startFakeOpenAi())
  const compatible = stack.use(await startFakeOpenAiCompatible({ flavour: 'localai' }))
  const fal = stack.use(await startFakeFal())
  const bfl = stack.use(await startFakeBfl())
  const disposables = stack.move()
  const settings = { quality: 'low' }
  return {
    env: {
      ...{ OPENAI_API_KEY: openAi.key, OPENAI_BASE_URL: openAi.url },
      ...{ OPENAI_COMPATIBLE_URL: compatible.url, OPENAI_COMPATIBLE_KEY: compatible.key },
      ...{ FAL_KEY: fal.key, FAL_BASE_URL: fal.url, BFL_API_KEY: bfl.key, BFL_BASE_URL: bfl.url },
    },
    healthy: [
      { connection: 'openai', model: 'openai/gpt-image-2', settings, fake: openAi, work: openAi.work },
      {
        ...{ connection: 'openai-compatible', model: 'openai-compatible/stablediffusion', settings: {} },
        ...{ fake: compatible, work: compatible.work },
      },
    ],
    hung: { connection: 'fal', model: 'fal/fal-ai/flux-2', settings: {}, fake: fal },
    unpaid: { connection: 'bfl', model: 'bfl/flux-2-pro', settings: {}, fake: bfl },
    repair: () => {
      for (const fake of [fal, bfl]) fake.setFault(null)
    },
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

const MODELS_MS = 60_000

/** Waits until the models of all four are offered, and switches the faults of the two on: their lists of models are answered before. */
export async function breakTwoKinds(
  client: Parameters<typeof waitForModels>[0],
  { healthy, hung, unpaid }: FourKinds,
): Promise<void> {
  for (const { connection } of [...healthy, hung, unpaid])
    await waitForModels(client, connection, { milliseconds: MODELS_MS })
  hung.fake.setFault('hang')
  unpaid.fake.setFault('no-credit')
}

/** Returns the body of a submission to a kind. */
export function createKindSubmission({ model, settings }: KindOfProvider, prompt: string) {
  return { prompt, model, parameters: { numOutputs: 1, settings } }
}
