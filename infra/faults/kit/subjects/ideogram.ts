import { startFakeIdeogram } from '../../../testing/fake-ideogram/fake-server.ts'
import type { KitSubject } from '../kit-subject.ts'

/** Ideogram, which has no cancel: a call that is cancelled is polled no more. */
export const IDEOGRAM: KitSubject = {
  name: 'ideogram',
  connection: 'ideogram',
  settings: { quality: 'low' },
  isPolled: true,
  isFree: false,
  // Nothing is sent to cancel a call: what is waited for is its submission.
  paths: { poll: '/v2/generations/', cancel: '/v2/image/generate/' },
  referenceMark: 'name="images"; filename="image-2.png"',
  startFake: startFakeIdeogram,
  createEnv: ({ url, key }) => ({ IDEOGRAM_API_KEY: key, IDEOGRAM_BASE_URL: url }),
}
