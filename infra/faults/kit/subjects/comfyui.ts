import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startFakeComfyUi } from '../../../testing/fake-comfyui/fake-server.ts'
import { TEXT_TO_IMAGE } from '../../../testing/fake-comfyui/text-to-image.ts'
import { createTestDirectory } from '../../../testing/test-resources.ts'
import type { KitFake, KitSubject } from '../kit-subject.ts'

const COMFYUI_KEY = 'key-of-a-proxy-before-comfyui'
const FAST_STEP_MS = 100
const SLOW_STEP_MS = 10_000

/** Returns ComfyUI with its built-in workflow, and one for reference images in the folder of the data directory. */
export function createComfyUi(): KitSubject {
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
