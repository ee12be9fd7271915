import { afterAll, beforeAll, test } from 'bun:test'
import fc from 'fast-check'
import { type Life, newLife } from './lifecycle-model.ts'
import { checkLife, NOTHING_SEEN, type Seen } from './model-check.ts'
import { type LifeGround, openLifeGround } from './model-env.fixture.ts'
import { type At, type RealLife, STEPS } from './model-steps.ts'

const START_MS = 90_000
const OUTPUTS = 3
const RUNS = 40
const stack = new AsyncDisposableStack()
let ground: LifeGround

beforeAll(async () => {
  ground = stack.use(await openLifeGround())
}, START_MS)
afterAll(() => stack.disposeAsync())

type Command = fc.AsyncCommand<Life, RealLife & { seen: Seen }>

const at = fc.record({ index: fc.nat({ max: OUTPUTS - 1 }), hold: fc.nat({ max: 50 }) })
/** Without these little happens. */
const OFTEN = [
  ...['claim', 'claim', 'claim', 'call', 'url', 'url', 'store', 'fail', 'finish', 'finish', 'expire'],
  ...['retry', 'check', 'restore'],
]
const commands = [...Object.keys(STEPS), ...OFTEN].map(name => at.map(place => commandOf(name, place)))

test(
  'whatever people, workers and time do to a generation, in whatever order, it is what the state machine says',
  async () => {
    const lives = fc.commands(commands, { maxCommands: 60, size: 'max' })
    await fc.assert(
      fc.asyncProperty(lives, async life => await fc.asyncModelRun(beginOf(await submit()), life)),
      { numRuns: RUNS },
    )
  },
  START_MS,
)

function commandOf(name: string, place: At): Command {
  return {
    check: () => true,
    run: async (life, real) => {
      await STEPS[name]?.(life, real, place)
      real.seen = await checkLife(life, real, real.seen)
    },
    toString: () => `${name}(${place.index}, ${place.hold})`,
  }
}

function beginOf(id: string) {
  return () => ({ model: newLife(OUTPUTS), real: { ground, id, holds: [], seen: NOTHING_SEEN } })
}

/** The only one there is. */
async function submit(): Promise<string> {
  await ground.sql`truncate generations, outbox cascade`
  const parameters = { numOutputs: OUTPUTS }
  const { said } = await ground.ingest('POST', '/api/generate', { prompt: 'a prompt', model: 'fake-image', parameters })
  return (said as { id: string }).id
}
