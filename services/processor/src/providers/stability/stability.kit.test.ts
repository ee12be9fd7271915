import { startFakeStability } from '@darkroom/infra/testing/fake-stability/fake-server'
import { COMMON_OUTCOMES } from '../../../testing/kit/common-outcomes.ts'
import { describeAdapter } from '../../../testing/kit/describe-adapter.ts'
import type { KitSubject } from '../../../testing/kit/kit-subject.ts'
import type { ProviderRequest } from '../adapter.ts'
import { createReference, createTestAdapter, REQUEST } from './stability-env.fixture.ts'

/** A model that is answered with an id: its output is four times the image. */
const JOB: ProviderRequest = {
  ...REQUEST,
  model: 'stability/upscale-creative',
  operation: 'upscale',
  width: 384,
  height: 288,
  resolution: 'auto',
  settings: { creativity: 0.3, output_format: 'png' },
  references: [await createReference('source')],
}

describeAdapter({ ...createSubject('Stability AI', REQUEST), hasReadmeRow: true })
describeAdapter(createSubject('Stability AI, polled', JOB))

function createSubject(name: string, request: ProviderRequest): KitSubject {
  return {
    name,
    startFake: async deadlines => {
      const fake = await startFakeStability()
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
    reportsCost: false,
    outcomes: {
      ...COMMON_OUTCOMES,
      'wrong-shape': { code: 'provider_misbehaved', failure: 'unknown' },
      'echo-key': { code: 'setting_refused', failure: 'permanent' },
      'output-refused': 'refused-output',
      'setting-refused': { code: 'setting_refused', failure: 'permanent' },
      'model-gone': { code: 'model_unknown', failure: 'permanent' },
      'empty-answer': { code: 'no_outputs', failure: 'permanent', isBilled: true },
    },
  }
}
