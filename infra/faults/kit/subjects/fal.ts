import { startFakeFal } from '../../../testing/fake-fal/fake-server.ts'
import type { KitSubject } from '../kit-subject.ts'

/** fal, whose requests are in a queue. */
export const FAL: KitSubject = {
  name: 'fal',
  connection: 'fal',
  settings: { output_format: 'png' },
  isPolled: true,
  isFree: false,
  paths: { poll: '/status', cancel: '/cancel', cancelMethod: 'PUT' },
  referenceMark: '"image_urls"',
  startFake: startFakeFal,
  createEnv: ({ url, key }) => ({ FAL_KEY: key, FAL_BASE_URL: url }),
}
