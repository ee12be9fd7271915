import { startFakeGoogle } from '@darkroom/infra/testing/fake-google/fake-server'
import { COMMON_OUTCOMES } from '../../../testing/kit/common-outcomes.ts'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import type { KitSubject } from '../../../testing/kit/kit-subject.ts'
import { type Deadlines, makeCall } from '../../../testing/make-call.ts'
import { createTestAdapter, REQUEST, VIDEO_REQUEST } from './google-env.fixture.ts'

const OUTCOMES: KitSubject['outcomes'] = {
  ...COMMON_OUTCOMES,
  'wrong-shape': { code: 'provider_misbehaved', failure: 'unknown' },
  'echo-key': { code: 'setting_refused', failure: 'permanent' },
  'output-refused': { code: 'output_refused', failure: 'permanent', isBilled: true },
  'setting-refused': { code: 'setting_refused', failure: 'permanent' },
  'model-gone': { code: 'model_unknown', failure: 'permanent' },
  'wrong-count': 'outputs',
  'empty-answer': { code: 'no_outputs', failure: 'permanent', isBilled: true },
}
// A video that is filtered is not billed; there is nothing like a wrong shape of its operation, or too many videos.
const { 'wrong-shape': _, 'wrong-count': __, ...videoOutcomes } = OUTCOMES

describeAdapter({
  name: 'Google, in the background',
  hasReadmeRow: true,
  reportsCost: false,
  outcomes: OUTCOMES,
  startFake: startInBackground,
})
describeAdapter({ name: 'Google, at once', reportsCost: false, outcomes: OUTCOMES, startFake: startAtOnce })
describeAdapter({
  name: 'Google, a video',
  reportsCost: false,
  outcomes: {
    ...videoOutcomes,
    'content-refused': { code: 'content_refused', failure: 'permanent', isBilled: true },
    'output-refused': { code: 'output_refused', failure: 'permanent' },
  },
  startFake: async deadlines => ({ ...(await startInBackground(deadlines)), request: VIDEO_REQUEST }),
})

async function startInBackground(deadlines: Deadlines) {
  const fake = await startFakeGoogle()
  return {
    key: fake.key,
    adapter: createTestAdapter(fake, deadlines),
    request: REQUEST,
    setFault: fake.setFault,
    posts: fake.posts,
    billedMicros: () => sum(fake.billed()),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

/** Starts a fake whose models do not run in the background, with an adapter that has learned it by a first call. */
async function startAtOnce(deadlines: Deadlines) {
  const fake = await startFakeGoogle({ background: false })
  const adapter = createTestAdapter(fake, deadlines)
  await makeCall(adapter, REQUEST)
  const [posts, micros] = [fake.posts(), sum(fake.billed())]
  return {
    key: fake.key,
    adapter,
    request: REQUEST,
    setFault: fake.setFault,
    posts: () => fake.posts() - posts,
    billedMicros: () => sum(fake.billed()) - micros,
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

function sum(bills: readonly { micros: number }[]): number {
  return bills.reduce((total, { micros }) => total + micros, 0)
}
