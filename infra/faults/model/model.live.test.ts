import { afterAll, beforeAll, test } from 'bun:test'
import fc from 'fast-check'
import { createGenerationModel, type GenerationModel } from './lifecycle-model.ts'
import { checkGeneration, NO_OBSERVATION, type Observation } from './model-check.ts'
import { type ModelEnv, openModelEnv } from './model-env.fixture.ts'
import { type RealGeneration, STEPS, type StepInput } from './model-steps.ts'

const OUTPUTS = 3
const RUNS = 40
const stack = new AsyncDisposableStack()
let env: ModelEnv

beforeAll(async () => {
  env = stack.use(await openModelEnv())
})
afterAll(() => stack.disposeAsync())

type Command = fc.AsyncCommand<GenerationModel, RealGeneration & { lastObservation: Observation }>

const inputs = fc.record({ index: fc.nat({ max: OUTPUTS - 1 }), lease: fc.nat({ max: 50 }) })
/** Steps that others depend on, and that are therefore drawn more often. */
const FREQUENT_STEPS = [
  ...['claim', 'claim', 'claim', 'call', 'url', 'url', 'store', 'fail', 'finish', 'finish', 'expire'],
  ...[
    'makeAll',
    'makeAll',
    'rehost',
    'retry',
    'check',
    'restore',
    'deleteOutput',
    'deleteOutput',
    'restoreOutput',
    'restoreOutput',
  ],
]
const commands = [...Object.keys(STEPS), ...FREQUENT_STEPS].map(name => inputs.map(input => createCommand(name, input)))

test('a generation follows the state machine for any order of user actions, worker steps and timeouts', async () => {
  const runs = fc.commands(commands, { maxCommands: 60, size: 'max' })
  await fc.assert(
    fc.asyncProperty(runs, async model => await fc.asyncModelRun(createSetup(await submitGeneration()), model)),
    { numRuns: RUNS },
  )
})

function createCommand(name: string, input: StepInput): Command {
  return {
    check: model => !model.isPurged,
    run: async (model, real) => {
      await STEPS[name]?.(model, real, input)
      real.lastObservation = await checkGeneration(model, real, real.lastObservation)
    },
    toString: () => `${name}(${input.index}, ${input.lease})`,
  }
}

function createSetup(id: string) {
  return () => ({
    model: createGenerationModel(OUTPUTS),
    real: { env, id, leases: [], lastObservation: NO_OBSERVATION },
  })
}

/** Submits the one generation of a run. */
async function submitGeneration(): Promise<string> {
  await env.sql`truncate generations, outbox cascade`
  const parameters = { numOutputs: OUTPUTS }
  const { data } = await env.requestIngest('POST', '/api/generate', {
    prompt: 'a prompt',
    model: 'fake-image',
    parameters,
  })
  return (data as { id: string }).id
}
