import { startFakeSdCpp } from '../../../testing/fake-sdcpp/fake-server.ts'
import type { KitFake, KitSubject } from '../kit-subject.ts'

/** Polls of a job: in the queue, while it is made, and at its end. */
const POLLS = 2

/** A server of stable-diffusion.cpp by its own API, behind a proxy that wants a key. */
export const SDCPP_SUBJECT: KitSubject = {
  name: 'sdcpp',
  connection: 'sdcpp',
  settings: { steps: 4 },
  isPolled: true,
  isFree: true,
  isUnbilled: true,
  outputsPerCall: 4,
  paths: { poll: '/sdcpp/v1/jobs/', cancel: '/cancel' },
  refusal: 'setting_refused',
  referenceMark: '"ref_images"',
  startFake,
  createEnv: ({ url, key }) => ({ SDCPP_URL: url, SDCPP_KEY: key }),
}

async function startFake(): Promise<KitFake> {
  const fake = await startFakeSdCpp()
  fake.setPolls(POLLS)
  return { ...fake, setPolls: polls => fake.setPolls(Math.max(POLLS, polls)) }
}
