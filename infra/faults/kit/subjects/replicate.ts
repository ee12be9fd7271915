import { startFakeReplicate } from '../../../testing/fake-replicate/fake-server.ts'
import type { KitSubject } from '../kit-subject.ts'

/** Replicate, with an official model. */
export const REPLICATE_SUBJECT: KitSubject = {
  name: 'replicate',
  connection: 'replicate',
  settings: { output_format: 'png' },
  isPolled: true,
  isFree: false,
  paths: { poll: '/predictions/', cancel: '/cancel' },
  referenceMark: '/v1/files/',
  startFake: startFakeReplicate,
  createEnv: ({ url, key }) => ({ REPLICATE_API_TOKEN: key, REPLICATE_BASE_URL: url }),
}
