import { startFakeGoogle } from '../../../testing/fake-google/fake-server.ts'
import type { KitSubject } from '../kit-subject.ts'

const google = {
  connection: 'google',
  settings: {},
  isFree: false,
  paths: { poll: '/interactions/', cancel: '/cancel' },
  createEnv: ({ url, key }: { url: string; key: string }) => ({ GEMINI_API_KEY: key, GOOGLE_BASE_URL: url }),
}

/** Google, whose models run in the background, or not. */
export const GOOGLE_SUBJECTS: readonly KitSubject[] = [
  {
    ...google,
    name: 'google',
    isPolled: true,
    referenceMark: '"mime_type":"image/',
    startFake: () => startFakeGoogle(),
  },
  {
    ...google,
    name: 'google-at-once',
    isPolled: false,
    referenceMark: '"inlineData"',
    startFake: () => startFakeGoogle({ background: false }),
  },
]
