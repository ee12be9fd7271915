import { startFakeOpenAiCompatible } from '../../../testing/fake-openai-compatible/fake-server.ts'
import type { Flavour } from '../../../testing/fake-openai-compatible/flavours.ts'
import type { KitSubject } from '../kit-subject.ts'

/** Servers with two dialects of OpenAI's images API. */
export const COMPATIBLE_SUBJECTS: readonly KitSubject[] = [
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
