import { startFakeReplicate } from '@darkroom/infra/testing/fake-replicate/fake-server'
import { COMMON_OUTCOMES } from '../../../testing/kit/common-outcomes.ts'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import { neverAborted } from '../../../testing/make-call.ts'
import { createTestAdapter, REQUEST } from './replicate-env.fixture.ts'

describeAdapter({
  name: 'Replicate',
  startFake: async deadlines => {
    const fake = await startFakeReplicate()
    const adapter = createTestAdapter(fake, deadlines)
    // What a model takes is read before its first submission: a fault is to strike the submission.
    await adapter.models(neverAborted)
    return {
      key: fake.key,
      adapter,
      request: REQUEST,
      setFault: fake.setFault,
      posts: fake.posts,
      billedMicros: () => fake.billed().reduce((sum, { micros }) => sum + micros, 0),
      [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
    }
  },
  hasReadmeRow: true,
  reportsCost: false,
  outcomes: {
    ...COMMON_OUTCOMES,
    'wrong-shape': { code: 'provider_misbehaved', failure: 'unknown' },
    'echo-key': { code: 'setting_refused', failure: 'permanent' },
    'setting-refused': { code: 'setting_refused', failure: 'permanent' },
    'model-gone': { code: 'model_unknown', failure: 'permanent' },
    'wrong-count': 'outputs',
    'empty-answer': { code: 'no_outputs', failure: 'permanent', isBilled: true },
  },
})
