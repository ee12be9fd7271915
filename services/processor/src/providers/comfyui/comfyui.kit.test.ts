import { COMMON_OUTCOMES } from '../../../testing/kit/common-outcomes.ts'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import { createTestAdapter, REQUEST, startTestFake } from './comfyui-env.fixture.ts'

const KEY = 'canary-7Qm2ZxPd4LrT9vW8'

describeAdapter({
  name: 'ComfyUI, behind a proxy that wants a key',
  startFake: async deadlines => {
    const fake = await startTestFake({ key: KEY })
    return {
      key: KEY,
      adapter: createTestAdapter(fake, { key: KEY, deadlines }),
      request: REQUEST,
      setFault: fake.setFault,
      posts: fake.posts,
      billedMicros: () => 0,
      [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
    }
  },
  reportsCost: false,
  outcomes: {
    ...COMMON_OUTCOMES,
    'wrong-shape': { code: 'provider_misbehaved', failure: 'unknown' },
    'echo-key': { code: 'setting_refused', failure: 'permanent' },
    'content-refused': { code: 'setting_refused', failure: 'permanent' },
    'setting-refused': { code: 'setting_refused', failure: 'permanent' },
    'model-gone': { code: 'model_unknown', failure: 'permanent' },
    'cut-after-answer': 'outputs',
  },
})
