import { startFakeA1111 } from '@darkroom/infra/testing/fake-a1111/fake-server'
import { COMMON_OUTCOMES } from '../../../testing/kit/common-outcomes.ts'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import type { KitSubject } from '../../../testing/kit/kit-subject.ts'
import { createTestAdapter, REQUEST } from './a1111-env.fixture.ts'

const OUTCOMES: KitSubject['outcomes'] = {
  ...COMMON_OUTCOMES,
  'wrong-shape': { code: 'provider_misbehaved', failure: 'unknown' },
  'echo-key': { code: 'setting_refused', failure: 'permanent' },
  // The server knows no rules for content: a prompt that it does not take has the answer of a setting.
  'content-refused': { code: 'setting_refused', failure: 'permanent' },
  'setting-refused': { code: 'setting_refused', failure: 'permanent' },
  'model-gone': { code: 'model_unknown', failure: 'permanent' },
  // A sheet comes before the image.
  'wrong-count': 'outputs',
  'empty-answer': { code: 'no_outputs', failure: 'permanent' },
}

for (const flavour of ['a1111', 'sdnext'] as const) {
  describeAdapter({
    name: `a server with the API of A1111 (${flavour})`,
    startFake: async deadlines => {
      const fake = await startFakeA1111({ flavour, key: 'user:canary-7Qm2ZxPd4LrT9vW8' })
      return {
        key: btoa(fake.key),
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
    outcomes: OUTCOMES,
  })
}
