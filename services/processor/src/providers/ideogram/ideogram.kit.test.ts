import { startFakeIdeogram } from '@darkroom/infra/testing/fake-ideogram/fake-server'
import { COMMON_OUTCOMES } from '../../../testing/kit/common-outcomes.ts'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import { createTestAdapter, REQUEST } from './ideogram-env.fixture.ts'

describeAdapter({
  name: 'Ideogram',
  startFake: async deadlines => {
    const fake = await startFakeIdeogram()
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
  // Only that of an upscale, whose price depends on the image.
  hasReadmeRow: true,
  reportsCost: false,
  outcomes: {
    ...COMMON_OUTCOMES,
    'wrong-shape': { code: 'provider_misbehaved', failure: 'unknown' },
    'echo-key': { code: 'provider_refused', failure: 'permanent' },
    'output-refused': 'refused-output',
    'setting-refused': { code: 'setting_refused', failure: 'permanent' },
    'model-gone': { code: 'model_unknown', failure: 'permanent' },
    'wrong-count': 'outputs',
    'empty-answer': { code: 'no_outputs', failure: 'permanent', isBilled: true },
  },
})
