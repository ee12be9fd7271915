import { startFakeOpenAi } from '@darkroom/infra/testing/fake-openai/fake-server'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import { createTestAdapter, REQUEST } from './openai-env.fixture.ts'

describeAdapter({
  name: 'OpenAI',
  startFake: async () => {
    const fake = await startFakeOpenAi()
    return {
      key: fake.key,
      adapter: createTestAdapter(fake),
      request: REQUEST,
      setFault: fake.setFault,
      posts: fake.posts,
      billedMicros: () => fake.billed().reduce((sum, { micros }) => sum + micros, 0),
      [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
    }
  },
  reportsCost: true,
  outcomes: {
    slow: 'outputs',
    'rate-limited': { code: 'rate_limited', failure: 'retryable' },
    'rate-limited-until': { code: 'rate_limited', failure: 'retryable' },
    'no-credit': { code: 'payment_required', failure: 'permanent' },
    'wrong-key': { code: 'key_refused', failure: 'permanent' },
    'no-permission': { code: 'no_permission', failure: 'permanent' },
    'server-error': { code: 'provider_refused', failure: 'unknown' },
    unavailable: { code: 'provider_busy', failure: 'retryable' },
    hang: { code: 'provider_silent', failure: 'unknown' },
    'cut-before-answer': { code: 'provider_unreachable', failure: 'unknown' },
    'cut-after-headers': { code: 'provider_unreachable', failure: 'unknown' },
    'cut-mid-body': { code: 'provider_unreachable', failure: 'unknown' },
    html: { code: 'provider_misbehaved', failure: 'unknown' },
    'invalid-json': { code: 'provider_misbehaved', failure: 'unknown' },
    'wrong-shape': { code: 'provider_misbehaved', failure: 'unknown' },
    'huge-error': { code: 'provider_refused', failure: 'permanent' },
    redirect: { code: 'provider_refused', failure: 'permanent' },
    'echo-key': { code: 'setting_refused', failure: 'permanent' },
    'content-refused': { code: 'content_refused', failure: 'permanent' },
    'output-refused': { code: 'output_refused', failure: 'permanent' },
    'setting-refused': { code: 'setting_refused', failure: 'permanent' },
    'model-gone': { code: 'model_unknown', failure: 'permanent' },
    'wrong-count': 'outputs',
    'duplicate-answer': 'outputs',
    'empty-answer': { code: 'no_outputs', failure: 'permanent', isBilled: true },
  },
})
