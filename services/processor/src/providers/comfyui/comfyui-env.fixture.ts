import {
  type FakeComfyUi,
  type FakeComfyUiOptions,
  startFakeComfyUi,
} from '@darkroom/infra/testing/fake-comfyui/fake-server'
import { TEXT_TO_IMAGE } from '@darkroom/infra/testing/fake-comfyui/text-to-image'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { DEADLINES, type Deadlines } from '../../../testing/make-call.ts'
import type { ProviderRequest } from '../adapter.ts'
import { createComfyUiAdapter } from './comfyui-adapter.ts'
import type { WorkflowFile } from './load-workflows.ts'

export const REQUEST: ProviderRequest = {
  model: 'comfyui/landscape',
  kind: 'image',
  operation: 'generate',
  prompt: 'hills at dusk',
  negativePrompt: 'people',
  width: 256,
  height: 192,
  aspectRatio: '4:3',
  resolution: 224,
  indices: [0, 1],
  seed: 7,
  settings: { steps: 3 },
  references: [],
}

/** Creates the adapter of a fake with one workflow, or others. */
export function createTestAdapter(
  fake: Pick<FakeComfyUi, 'url'>,
  options: { key?: string | null; workflows?: WorkflowFile[]; deadlines?: Deadlines } = {},
) {
  const { key = null, workflows = [{ name: 'landscape', content: TEXT_TO_IMAGE }], deadlines = DEADLINES } = options
  return createComfyUiAdapter({
    connection: 'comfyui',
    baseUrl: fake.url,
    key,
    workflows: { load: async () => workflows, record: async () => {} },
    deadlineMs: deadlines.deadlineMs,
  })
}

/** Starts a fake with a folder of its own. */
export async function startTestFake(options: Omit<FakeComfyUiOptions, 'directory'> = {}) {
  const directory = await createTestDirectory()
  const fake = await startFakeComfyUi({ ...options, directory: directory.path })
  return {
    ...fake,
    directory: directory.path,
    [Symbol.asyncDispose]: async () => {
      await fake[Symbol.asyncDispose]()
      await directory[Symbol.asyncDispose]()
    },
  }
}
