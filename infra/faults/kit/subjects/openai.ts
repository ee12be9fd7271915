import { startFakeOpenAi } from '../../../testing/fake-openai/fake-server.ts'
import type { KitSubject } from '../kit-subject.ts'

const openAi = {
  isFree: false,
  connection: 'openai',
  startFake: startFakeOpenAi,
  createEnv: ({ url, key }: { url: string; key: string }) => ({ OPENAI_API_KEY: key, OPENAI_BASE_URL: url }),
}

/** OpenAI, answered at once and in the background. */
export const OPENAI_SUBJECTS: readonly KitSubject[] = [
  { ...openAi, name: 'openai', settings: { quality: 'low' }, isPolled: false, referenceMark: 'name="image[]"' },
  {
    ...openAi,
    name: 'openai-resumable',
    settings: { quality: 'low', resumable: true },
    isPolled: true,
    referenceMark: '"input_image"',
  },
]
