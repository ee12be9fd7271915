import { startFakeRunway } from '@darkroom/infra/testing/fake-runway/fake-server'
import { COMMON_OUTCOMES } from '../../../testing/kit/common-outcomes.ts'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import { createTestAdapter, REQUEST } from './runway-env.fixture.ts'

describeAdapter({
  name: 'Runway',
  startFake: async deadlines => {
    const fake = await startFakeRunway()
    return {
      key: fake.key,
      adapter: createTestAdapter(fake, deadlines),
      request: REQUEST,
      setFault: fake.setFault,
      posts: fake.posts,
      billedMicros: () => fake.billed().reduce((sum, { micros }) => sum + micros, 0),
      [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
    }
  },
  hasReadmeRow: true,
  reportsCost: true,
  outcomes: {
    ...COMMON_OUTCOMES,
    'wrong-shape': { code: 'provider_misbehaved', failure: 'unknown' },
    'echo-key': { code: 'provider_refused', failure: 'permanent' },
    'output-refused': { code: 'output_refused', failure: 'permanent', isBilled: true },
    'setting-refused': { code: 'setting_refused', failure: 'permanent' },
    'model-gone': { code: 'model_unknown', failure: 'permanent' },
    'wrong-count': 'outputs',
    'empty-answer': { code: 'no_outputs', failure: 'permanent', isBilled: true },
  },
})
