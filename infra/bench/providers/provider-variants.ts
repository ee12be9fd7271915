import { join } from 'node:path'
import { startFakeComfyUi } from '../../testing/fake-comfyui/fake-server.ts'
import { startFakeOpenAi } from '../../testing/fake-openai/fake-server.ts'
import { startFakeOpenAiCompatible } from '../../testing/fake-openai-compatible/fake-server.ts'
import type { WorkTime } from '../../testing/provider-fakes/provider-work.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'

/** A way in which an adapter gets an image. */
export interface ProviderVariant {
  name: string
  /** Body of a submission. */
  body: { prompt: string; model: string; parameters: object }
  /** Sets the time that the next image takes, in ms. Absent: the provider is the studio itself, and all of its time counts. */
  setWorkMilliseconds?: (milliseconds: number) => void
  /** Submissions whose image is made, in order. */
  times: readonly WorkTime[]
}

/** The fakes of the providers, which answer each submission with the same image. */
export interface ProviderFakes extends AsyncDisposable {
  /** Settings that let a studio use them. */
  env: Record<string, string>
  variants: ProviderVariant[]
}

const COMFYUI_STEPS = 4
const SIDE = 1_024

/** Starts the fake of each adapter that calls a server, all in this process. */
export async function startProviderFakes(image: Uint8Array): Promise<ProviderFakes> {
  await using stack = new AsyncDisposableStack()
  const directory = stack.use(await createTestDirectory()).path
  const openAi = stack.use(await startFakeOpenAi())
  const compatible = stack.use(await startFakeOpenAiCompatible({ flavour: 'localai' }))
  const comfyUi = stack.use(await startFakeComfyUi({ directory: join(directory, 'comfyui') }))
  for (const { work } of [openAi, compatible, comfyUi]) work.image = image
  const setOpenAi = (milliseconds: number) => {
    openAi.work.milliseconds = milliseconds
  }
  const setCompatible = (milliseconds: number) => {
    compatible.work.milliseconds = milliseconds
  }
  const disposables = stack.move()
  return {
    env: {
      OPENAI_API_KEY: openAi.key,
      OPENAI_BASE_URL: openAi.url,
      OPENAI_COMPATIBLE_URL: compatible.url,
      COMFYUI_URL: comfyUi.url,
      SAFE_GET_ALLOW: [openAi.url, compatible.url, comfyUi.url].map(url => new URL(url).origin).join(','),
    },
    variants: [
      createVariant('demo', 'demo', [], { resolution: 512 }),
      { ...createVariant('openai', 'openai/gpt-image-2', openAi.work.times), setWorkMilliseconds: setOpenAi },
      {
        ...createVariant('openai, polled', 'openai/gpt-image-2', openAi.work.times, { settings: { resumable: true } }),
        setWorkMilliseconds: setOpenAi,
      },
      {
        ...createVariant('openai-compatible', 'openai-compatible/stablediffusion', compatible.work.times),
        setWorkMilliseconds: setCompatible,
      },
      {
        ...createVariant('comfyui', 'comfyui/Text to image', comfyUi.work.times, {
          settings: { steps: COMFYUI_STEPS },
        }),
        setWorkMilliseconds: milliseconds => comfyUi.setStepMs(milliseconds / COMFYUI_STEPS),
      },
    ],
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

function createVariant(
  name: string,
  model: string,
  times: readonly WorkTime[],
  parameters: object = {},
): ProviderVariant {
  return {
    name,
    body: { prompt: 'a prompt', model, parameters: { aspectRatio: '1:1', resolution: SIDE, ...parameters } },
    times,
  }
}
