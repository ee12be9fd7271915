import type { Flavour } from '@darkroom/infra/testing/fake-openai-compatible/flavours'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import type { KitSubject } from '../../../testing/kit/kit-subject.ts'
import { createRequest, neverAborted, startCompatibleEnv } from './compatible-env.fixture.ts'

const OUTCOMES: KitSubject['outcomes'] = {
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
  'huge-error': { code: 'provider_refused', failure: 'permanent' },
  redirect: { code: 'provider_refused', failure: 'permanent' },
  'content-refused': { code: 'content_refused', failure: 'permanent' },
  'duplicate-answer': 'outputs',
}

/** A size that every server makes exactly. Where there are ratios and tiers only, the fake makes 1K half as large. */
const SIZE = { width: 512, height: 512, aspectRatio: '1:1', resolution: '1K' }

/** A server that needs no key and has no prices, one that reports what a call cost, and one that reports refused outputs. */
const SUBJECTS: [flavour: Flavour, reportsCost: boolean, outcomes: KitSubject['outcomes']][] = [
  ['localai', false, {}],
  ['litellm', true, {}],
  ['xai', true, { 'output-refused': 'refused-output' }],
]

for (const [flavour, reportsCost, outcomes] of SUBJECTS) {
  describeAdapter({
    name: `an OpenAI-compatible server (${flavour})`,
    startFake: async () => {
      const env = await startCompatibleEnv({ flavour, key: 'sk-canary-0123456789abcdef' })
      // Listed before a fault is switched on: the server is recognised by it.
      const [model] = await env.adapter.models(neverAborted)
      return {
        key: env.fake.key,
        adapter: env.adapter,
        request: createRequest({ model: model?.id ?? '', ...SIZE }),
        setFault: env.fake.setFault,
        posts: env.fake.posts,
        billedMicros: () => env.fake.billed().reduce((sum, { micros }) => sum + micros, 0),
        [Symbol.asyncDispose]: () => env[Symbol.asyncDispose](),
      }
    },
    reportsCost,
    outcomes: { ...OUTCOMES, ...outcomes },
  })
}
