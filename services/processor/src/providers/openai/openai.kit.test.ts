import { startFakeOpenAi } from '@darkroom/infra/testing/fake-openai/fake-server'
import { COMMON_OUTCOMES } from '../../../testing/kit/common-outcomes.ts'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import type { KitSubject } from '../../../testing/kit/kit-subject.ts'
import type { ProviderRequest } from '../adapter.ts'
import { createTestAdapter, REQUEST } from './openai-env.fixture.ts'

const STREAMED: ProviderRequest = { ...REQUEST, settings: { ...REQUEST.settings, previews: true } }

describeAdapter({ ...createSubject('OpenAI', REQUEST), hasReadmeRow: true })
// One that hangs has sent nothing: it is the same as without previews.
const { hang: _, ...streamedOutcomes } = createSubject('', STREAMED).outcomes
describeAdapter({ ...createSubject('OpenAI, with previews', STREAMED), outcomes: streamedOutcomes })

function createSubject(name: string, request: ProviderRequest): KitSubject {
  return {
    name,
    startFake: async deadlines => {
      const fake = await startFakeOpenAi()
      return {
        key: fake.key,
        adapter: createTestAdapter(fake, deadlines),
        request,
        setFault: fake.setFault,
        posts: fake.posts,
        billedMicros: () => fake.billed().reduce((sum, { micros }) => sum + micros, 0),
        [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
      }
    },
    reportsCost: true,
    outcomes: {
      ...COMMON_OUTCOMES,
      'wrong-shape': { code: 'provider_misbehaved', failure: 'unknown' },
      'echo-key': { code: 'setting_refused', failure: 'permanent' },
      'output-refused': { code: 'output_refused', failure: 'permanent' },
      'setting-refused': { code: 'setting_refused', failure: 'permanent' },
      'model-gone': { code: 'model_unknown', failure: 'permanent' },
      'wrong-count': 'outputs',
      'empty-answer': { code: 'no_outputs', failure: 'permanent', isBilled: true },
    },
  }
}
