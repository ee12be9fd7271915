import { startFakeBfl } from '../../../testing/fake-bfl/fake-server.ts'
import type { KitSubject } from '../kit-subject.ts'

/** Black Forest Labs, which has no cancel: a call that is cancelled is polled no more. */
export const BFL: KitSubject = {
  name: 'bfl',
  connection: 'bfl',
  settings: { safety_tolerance: 1 },
  isPolled: true,
  isFree: false,
  // Nothing is sent to cancel a call: what is waited for is its submission.
  paths: { poll: '/get_result', cancel: '/flux-2-pro' },
  referenceMark: '"input_image_2":',
  startFake: startFakeBfl,
  createEnv: ({ url, key }) => ({ BFL_API_KEY: key, BFL_BASE_URL: url }),
}
