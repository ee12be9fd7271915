import { startFakeSdCpp } from '@darkroom/infra/testing/fake-sdcpp/fake-server'
import { COMMON_OUTCOMES } from '../../../testing/kit/common-outcomes.ts'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import { createTestAdapter, REQUEST } from './sdcpp-env.fixture.ts'

describeAdapter({
  name: 'stable-diffusion.cpp, behind a proxy that wants a key',
  startFake: async deadlines => {
    const fake = await startFakeSdCpp({ key: 'canary-7Qm2ZxPd4LrT9vW8' })
    return {
      key: fake.key,
      adapter: createTestAdapter(fake, deadlines),
      request: REQUEST,
      setFault: fake.setFault,
      posts: fake.posts,
      billedMicros: () => 0,
      [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
    }
  },
  hasReadmeRow: true,
  reportsCost: false,
  outcomes: {
    ...COMMON_OUTCOMES,
    'wrong-shape': { code: 'provider_misbehaved', failure: 'unknown' },
    'echo-key': { code: 'setting_refused', failure: 'permanent' },
    // The server knows no rules for content: a prompt that it does not take has the answer of a setting.
    'content-refused': { code: 'setting_refused', failure: 'permanent' },
    'setting-refused': { code: 'setting_refused', failure: 'permanent' },
    'model-gone': { code: 'model_unknown', failure: 'permanent' },
    'wrong-count': 'outputs',
    'empty-answer': { code: 'no_outputs', failure: 'permanent' },
  },
})
