import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startFakeComfyUi } from '../../testing/fake-comfyui/fake-server.ts'
import { TEXT_TO_IMAGE } from '../../testing/fake-comfyui/text-to-image.ts'
import { startFakeOpenAi } from '../../testing/fake-openai/fake-server.ts'
import { startFakeOpenAiCompatible } from '../../testing/fake-openai-compatible/fake-server.ts'
import type { Flavour } from '../../testing/fake-openai-compatible/flavours.ts'
import type { WireFake } from '../../testing/provider-fakes/wire-fake.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'

const COMFYUI_KEY = 'key-of-a-proxy-before-comfyui'
const FAST_STEP_MS = 100
const SLOW_STEP_MS = 10_000

/** A fake provider. */
export interface KitFake extends WireFake {
  /** Polls until a call is finished, of a provider whose calls are polled. */
  setPolls?(polls: number): void
}

/** An adapter, in one way of its use, and the fake of its provider. */
export interface KitSubject {
  name: string
  /** Id of its connection, which comes from the environment. */
  connection: string
  settings: Record<string, unknown>
  /** Whether a call is answered with an id, by which it is polled. */
  isPolled: boolean
  /** Whether its calls cost nothing, so that one whose outcome is unknown is made again. */
  isFree: boolean
  /** Whether a call has an id of ours, by which it is found again when its answer was lost. */
  isFound?: boolean
  /** Whether nothing is ever on its invoice. */
  isUnbilled?: boolean
  /** Outputs of one call; 1 unless given. */
  outputsPerCall?: number
  /** Paths of the requests that poll and cancel a call. */
  paths?: { poll: string; cancel: string }
  /** The error of a prompt that the provider does not take; `content_refused` unless given. */
  refusal?: string
  /** Text of a submission that has reference images. */
  referenceMark: string
  /** Model of submissions with reference images, of a connection whose first model takes none. */
  referenceModel?: string
  /** Prepares the studio before its models are listed. */
  prepare?(studio: { dataDir: string }): Promise<void>
  startFake(): Promise<KitFake>
  /** Returns the settings that make its connection. */
  createEnv(fake: { url: string; key: string }): Record<string, string>
}

const openAi = {
  isFree: false,
  connection: 'openai',
  startFake: startFakeOpenAi,
  createEnv: ({ url, key }: { url: string; key: string }) => ({ OPENAI_API_KEY: key, OPENAI_BASE_URL: url }),
}

/** The subjects of the kit. An adapter that is new is added here. */
export const KIT_SUBJECTS: readonly KitSubject[] = [
  { ...openAi, name: 'openai', settings: { quality: 'low' }, isPolled: false, referenceMark: 'name="image[]"' },
  {
    ...openAi,
    name: 'openai-resumable',
    settings: { quality: 'low', resumable: true },
    isPolled: true,
    referenceMark: '"input_image"',
  },
  createComfyUi(),
  createCompatible('localai', { isFree: true, referenceMark: '"ref_images"' }),
  createCompatible('litellm', { isFree: false, referenceMark: 'name="image[]"' }),
]

function createCompatible(flavour: Flavour, own: Pick<KitSubject, 'isFree' | 'referenceMark'>): KitSubject {
  return {
    name: `openai-compatible (${flavour})`,
    connection: 'openai-compatible',
    settings: {},
    isPolled: false,
    ...own,
    startFake: () => startFakeOpenAiCompatible({ flavour }),
    createEnv: ({ url, key }) => ({ OPENAI_COMPATIBLE_URL: url, OPENAI_COMPATIBLE_KEY: key }),
  }
}

/** Returns ComfyUI with its built-in workflow, and one for reference images in the folder of the data directory. */
function createComfyUi(): KitSubject {
  const encode = { class_type: 'VAEEncode', inputs: { pixels: ['10', 0], vae: ['4', 2] } }
  const sampler = { ...TEXT_TO_IMAGE['3'], inputs: { ...TEXT_TO_IMAGE['3'].inputs, latent_image: ['11', 0] } }
  const load = { class_type: 'LoadImage', inputs: { image: 'example.png' } }
  const workflow = { ...TEXT_TO_IMAGE, '3': sampler, '10': load, '11': encode, '12': load }
  return {
    name: 'comfyui',
    connection: 'comfyui',
    settings: { steps: 4 },
    isPolled: true,
    isFree: true,
    isFound: true,
    isUnbilled: true,
    outputsPerCall: 4,
    paths: { poll: '/api/jobs/', cancel: '/cancel' },
    refusal: 'setting_refused',
    referenceMark: '"darkroom/',
    referenceModel: 'comfyui/with references',
    prepare: async ({ dataDir }) => {
      await mkdir(join(dataDir, 'workflows'), { recursive: true })
      await writeFile(join(dataDir, 'workflows', 'with references.json'), JSON.stringify(workflow))
    },
    startFake: startComfyUiFake,
    createEnv: ({ url, key }) => ({ COMFYUI_URL: url, COMFYUI_KEY: key }),
  }
}

async function startComfyUiFake(): Promise<KitFake> {
  const directory = await createTestDirectory()
  const fake = await startFakeComfyUi({ directory: directory.path, key: COMFYUI_KEY })
  return {
    ...fake,
    key: COMFYUI_KEY,
    billed: () => [],
    setPolls: polls => fake.setStepMs(polls === 1 ? FAST_STEP_MS : SLOW_STEP_MS),
    [Symbol.asyncDispose]: async () => {
      await fake[Symbol.asyncDispose]()
      await directory[Symbol.asyncDispose]()
    },
  }
}
