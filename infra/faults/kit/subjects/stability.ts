import { startFakeStability } from '../../../testing/fake-stability/fake-server.ts'
import type { KitSubject } from '../kit-subject.ts'

/** Returns Stability AI, whose first model is answered at once, and the one that takes several pictures with an id. */
export function createStability(): KitSubject {
  return {
    name: 'stability',
    connection: 'stability',
    settings: { output_format: 'png' },
    isPolled: false,
    isFree: false,
    referenceMark: 'name="background_reference"',
    referenceModel: 'stability/replace-background-and-relight',
    startFake: startFakeStability,
    createEnv: ({ url, key }) => ({ STABILITY_API_KEY: key, STABILITY_BASE_URL: url }),
  }
}
