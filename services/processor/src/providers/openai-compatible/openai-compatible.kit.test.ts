import type { Flavour } from '@darkroom/infra/testing/fake-openai-compatible/flavours'
import { COMMON_OUTCOMES } from '../../../testing/kit/common-outcomes.ts'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import type { KitSubject } from '../../../testing/kit/kit-subject.ts'
import { neverAborted } from '../../../testing/make-call.ts'
import { createRequest, startCompatibleEnv } from './compatible-env.fixture.ts'

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
    startFake: async deadlines => {
      const env = await startCompatibleEnv({ flavour, key: 'sk-canary-0123456789abcdef', deadlines })
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
    outcomes: { ...COMMON_OUTCOMES, ...outcomes },
  })
}
