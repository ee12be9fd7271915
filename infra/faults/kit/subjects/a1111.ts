import { startFakeA1111 } from '../../../testing/fake-a1111/fake-server.ts'
import type { KitSubject } from '../kit-subject.ts'

/** A server with the API of A1111, started with `--api-auth`. */
export const A1111_SUBJECT: KitSubject = {
  name: 'a1111',
  connection: 'a1111',
  settings: { steps: 4 },
  isPolled: false,
  isFree: true,
  isUnbilled: true,
  refusal: 'setting_refused',
  referenceMark: '"init_images"',
  references: 1,
  startFake: () => startFakeA1111(),
  createEnv: ({ url, key }) => ({ A1111_URL: url, A1111_KEY: key }),
}
